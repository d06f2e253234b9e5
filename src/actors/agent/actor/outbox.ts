import { idsOf } from "../../../ids.ts";
import { type Deferred, deferred } from "../../wait.ts";
import { MessageRefusedError } from "../errors.ts";
import type { Deliver } from "../wire/index.ts";
import { checkMessage } from "./message-check.ts";

export interface OutboxOptions {
  /** The agent's path, for messages. */
  readonly path: string;
  /** Makes the ids of messages. Default: random ones. */
  readonly newId?: (() => string) | undefined;
  /** The number of messages that may wait to be in the conversation for good. Default: 1_000. */
  readonly maxWaiting?: number | undefined;
  /** The bytes that the waiting messages may take together. Default: 64 MiB. */
  readonly maxWaitingBytes?: number | undefined;
  /** The longest message, in bytes of JSON, so that a frame can hold it. Default: 1_000_000. */
  readonly maxBytes?: number | undefined;
  /** Stores a message for good before its receipt is given. Default: the message is in memory only. */
  readonly persist?: ((entry: EntrySnapshot) => Promise<void>) | undefined;
  /** Called at each step of each message. Must not throw and must not wait. */
  readonly onChange?: ((entry: EntrySnapshot) => void) | undefined;
  /** Called when a message is ready to be taken. */
  readonly onReady?: (() => void) | undefined;
}

/**
 * The messages to an agent that are not answered yet. Outlives the agent's incarnations.
 *
 * A message goes `queued`, `sent` (on a link), `accepted` (a turn began with it), `durable` (in the
 * conversation for good). What is not durable when a link is opened anew is sent again.
 */
export interface Outbox {
  /** Every message that waits to be durable, in order. */
  readonly waiting: readonly EntrySnapshot[];
  /** True while the conversation holds messages, notes included, after which the agent has not been idle yet. */
  readonly hasUnanswered: boolean;
  /** True when `take` would give a message. */
  readonly isReady: boolean;
  /** Take in a message. Resolves when the outbox has it for good; rejects with MessageRefusedError or AgentEndedError. */
  enqueue(text: string, deliver: Deliver): Promise<Receipt>;
  /** Put a note of the runtime ahead of all messages, in place of the last note. */
  note(text: string): void;
  /** Take in that a link was opened: messages that the conversation has are durable, messages that were on the link are queued again. */
  opened(durable: readonly string[]): void;
  /** Take in that the conversation is lost: all messages that were not answered are queued again. Gives the texts of those that were answered. */
  restarted(): readonly string[];
  /** Take the next message to put on the link. Its state is `sent` from now on. */
  take(): EntrySnapshot | undefined;
  accepted(id: string): void;
  durable(id: string): void;
  /** Take in that the agent could not take the message now: it is queued again. Gives the number of times that this happened to it. */
  refused(id: string): number;
  /** Take in that the agent is idle: messages up to the last of these ids are answered by `turn`; without ids, all are. */
  answered(ids: readonly string[], turn: Turn): void;
  /** Take in that the agent has ended for good: all receipts that wait reject with `error`. */
  end(error: Error): void;
  /** Take messages again after `end`. */
  reopen(): void;
}

const newEntryId = idsOf(20);
/** The most follow-ups that may be on the link and not yet in a turn; the rest waits here. */
const maxInAir = 64;
/**
 * The most bytes that may be on the link and not yet in a turn; steers have more room. A link on
 * which 4 MiB wait counts as one that nobody reads.
 */
const maxInAirBytes = { "follow-up": 1_048_576, steer: 3_145_728 } as const;
/** The number of answered messages that are remembered, for a conversation that is lost. */
const maxRemembered = 50;
/** The characters of the remembered messages; the last message is remembered, however long. */
const maxRememberedLength = 1_048_576;

/** Make an empty outbox. */
export function createOutbox(options: OutboxOptions): Outbox {
  return new MessageOutbox(options);
}

class MessageOutbox implements Outbox {
  readonly #options: OutboxOptions;
  /** The messages that are not durable yet, in the order of delivery. */
  #waiting: OutboxEntry[] = [];
  /** The durable messages after which the agent has not been idle. */
  #unanswered: OutboxEntry[] = [];
  #answered: string[] = [];
  #ended: Error | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get waiting(): readonly EntrySnapshot[] {
    return this.#waiting.map(entrySnapshot);
  }

  get hasUnanswered(): boolean {
    return this.#unanswered.length > 0;
  }

  get isReady(): boolean {
    return this.#next() !== undefined;
  }

  async enqueue(text: string, deliver: Deliver): Promise<Receipt> {
    this.#admit(text);
    const entry = this.#entry(text, deliver);
    this.#waiting.push(entry);
    try {
      await this.#options.persist?.(entrySnapshot(entry));
    } catch (error) {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      this.#options.onReady?.();
      throw error;
    }
    if (this.#ended) throw this.#ended;
    this.#move(entry, "queued");
    this.#options.onReady?.();
    return entry.receipt;
  }

  note(text: string): void {
    this.#waiting = this.#waiting.filter((entry) => !entry.isNote);
    const entry = this.#entry(text, "follow-up", true);
    this.#waiting.unshift(entry);
    this.#move(entry, "queued");
    this.#options.onReady?.();
  }

  opened(durable: readonly string[]): void {
    for (const id of durable) this.durable(id);
    for (const entry of this.#waiting) {
      if (entry.state === "sent" || entry.state === "accepted") this.#move(entry, "queued");
    }
  }

  restarted(): readonly string[] {
    const again = this.#unanswered.filter((entry) => !entry.isNote);
    for (const entry of again) this.#move(entry, "queued");
    this.#waiting = [...again, ...this.#waiting.filter((entry) => !entry.isNote)];
    this.#unanswered = [];
    return [...this.#answered];
  }

  take(): EntrySnapshot | undefined {
    const entry = this.#next();
    if (!entry) return undefined;
    this.#move(entry, "sent");
    return entrySnapshot(entry);
  }

  accepted(id: string): void {
    const entry = this.#find(id);
    if (entry) this.#move(entry, "accepted");
  }

  durable(id: string): void {
    const entry = this.#find(id);
    if (!entry) return;
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    this.#unanswered.push(entry);
    this.#move(entry, "durable");
    this.#options.onReady?.();
  }

  refused(id: string): number {
    const entry = this.#find(id);
    if (!entry) return 0;
    entry.refusals += 1;
    this.#move(entry, "queued");
    return entry.refusals;
  }

  answered(ids: readonly string[], turn: Turn): void {
    for (const id of ids) this.durable(id);
    for (const entry of this.#takeAnswered(ids)) {
      entry.answer(turn);
      if (!entry.isNote) this.#answered.push(entry.text);
    }
    this.#answered = remembered(this.#answered);
  }

  end(error: Error): void {
    this.#ended ??= error;
    for (const entry of [...this.#waiting, ...this.#unanswered]) entry.end(error);
    this.#waiting = [];
    this.#unanswered = [];
  }

  reopen(): void {
    this.#ended = undefined;
  }

  #admit(text: string): void {
    if (this.#ended) throw this.#ended;
    const { path, maxWaiting = 1_000, maxBytes } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      throw new MessageRefusedError(
        `${path} has ${maxWaiting} messages that wait for it; wait for the receipts of earlier ones before you send more.`,
      );
    }
    checkMessage(path, text, { maxBytes });
    const { maxWaitingBytes = 64 * 1_048_576 } = this.#options;
    if (this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0) < maxWaitingBytes) return;
    throw new MessageRefusedError(
      `${path} has over ${maxWaitingBytes} bytes of messages that wait for it; wait for the receipts of earlier ones before you send more.`,
    );
  }

  #entry(text: string, deliver: Deliver, isNote = false): OutboxEntry {
    const id = (this.#options.newId ?? newEntryId)();
    return new OutboxEntry({ id, text, deliver, isNote });
  }

  #takeAnswered(ids: readonly string[]): readonly OutboxEntry[] {
    const last = this.#unanswered.findLastIndex(({ id }) => ids.includes(id));
    return this.#unanswered.splice(0, ids.length === 0 ? this.#unanswered.length : last + 1);
  }

  /** Find the next message to send. Order is kept within `steer` and within `follow-up`. */
  #next(): OutboxEntry | undefined {
    const bytesInAir = this.#bytesInAir;
    const held = new Set<Deliver>();
    let before = 0;
    for (const entry of this.#waiting) {
      if (entry.state === "recording") return undefined;
      if (entry.state === "sent") before += 1;
      if (entry.state !== "queued" || held.has(entry.deliver)) continue;
      const isCrowded = entry.deliver === "follow-up" && before >= maxInAir;
      if (!isCrowded && hasRoom(entry, bytesInAir)) return entry;
      // None of its kind overtakes it.
      held.add(entry.deliver);
    }
    return undefined;
  }

  get #bytesInAir(): number {
    return this.#waiting.reduce((sum, { state, bytes }) => sum + (state === "sent" ? bytes : 0), 0);
  }

  #find(id: string): OutboxEntry | undefined {
    return this.#waiting.find((entry) => entry.id === id);
  }

  #move(entry: OutboxEntry, state: OutboxEntry["state"]): void {
    entry.moveTo(state);
    this.#options.onChange?.(entrySnapshot(entry));
  }
}

function remembered(answered: readonly string[]): string[] {
  let length = 0;
  const isBeyond = (text: string, index: number): boolean => {
    length += text.length;
    return answered.length - index > maxRemembered || length > maxRememberedLength;
  };
  const last = answered.findLastIndex((text, index) => isBeyond(text, index));
  return answered.slice(Math.min(last + 1, Math.max(0, answered.length - 1)));
}

/** Tell whether the link has room. One message is always let through, however large. */
function hasRoom({ deliver, bytes }: OutboxEntry, bytesInAir: number): boolean {
  return bytesInAir === 0 || bytesInAir + bytes <= maxInAirBytes[deliver];
}

/** The stations of a message on its way. */
export type EntryState =
  /** The message is not stored for good yet. */
  | "recording"
  /** The message waits for a link. */
  | "queued"
  /** The message is on a link. */
  | "sent"
  /** A turn began with the message. */
  | "accepted"
  /** The message is in the conversation for good. */
  | "durable";

/** The answer of an agent: its last words, and why it stopped. */
export interface Turn {
  readonly text: string;
  readonly stopReason: string;
}

/** The sender's receipt for a message. */
export interface Receipt {
  readonly id: string;
  /** Resolves when the message is in the agent's conversation for good. Rejects when the agent ended before that. */
  delivered(): Promise<void>;
  /** Resolves when the agent is idle after this message. Rejects when the agent ended before that. */
  turn(): Promise<Turn>;
}

/** A message as plain data, for a journal. */
export interface EntrySnapshot {
  readonly id: string;
  readonly text: string;
  readonly deliver: Deliver;
  readonly state: EntryState;
}

interface EntryFacts {
  readonly id: string;
  readonly text: string;
  readonly deliver: Deliver;
  readonly isNote: boolean;
}

/** A message on its way to an agent. */
class OutboxEntry {
  readonly id: string;
  readonly text: string;
  readonly deliver: Deliver;
  /** True for a note that the runtime itself wrote. */
  readonly isNote: boolean;
  readonly receipt: Receipt;
  /** The bytes that it takes on the link, about. */
  readonly bytes: number;
  refusals = 0;
  #state: EntryState = "recording";
  readonly #delivered: Deferred<void> = deferred();
  readonly #turn: Deferred<Turn> = deferred();

  constructor({ id, text, deliver, isNote }: EntryFacts) {
    this.id = id;
    this.text = text;
    this.deliver = deliver;
    this.isNote = isNote;
    this.bytes = Buffer.byteLength(text);
    this.receipt = {
      id,
      delivered: () => this.#delivered.promise,
      turn: () => this.#turn.promise,
    };
  }

  get state(): EntryState {
    return this.#state;
  }

  moveTo(state: EntryState): void {
    this.#state = state;
    if (state === "durable") this.#delivered.resolve();
  }

  answer(turn: Turn): void {
    this.#turn.resolve(turn);
  }

  end(error: Error): void {
    this.#delivered.reject(error);
    this.#turn.reject(error);
  }
}

/** Give an entry as plain data. */
function entrySnapshot({ id, text, deliver, state }: OutboxEntry): EntrySnapshot {
  return { id, text, deliver, state };
}
