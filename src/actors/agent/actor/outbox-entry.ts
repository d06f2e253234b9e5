import type { Deliver } from "../wire/protocol.ts";

/** `recording`: not kept for good yet. */
export type EntryState = "recording" | "queued" | "sent" | "accepted" | "durable";

/** How the agent answered: its last words, and why it stopped. */
export interface Turn {
  readonly text: string;
  readonly stopReason: string;
}

/** What the sender of a message holds. */
export interface Receipt {
  readonly id: string;
  /** Resolves when the message is in the agent's conversation for good. Rejects when the agent ended before. */
  delivered(): Promise<void>;
  /** Resolves when the agent has come to rest after this message. Rejects when it ended before. */
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
export class OutboxEntry {
  readonly id: string;
  readonly text: string;
  readonly deliver: Deliver;
  /** Whether the runtime itself wrote it. */
  readonly isNote: boolean;
  readonly receipt: Receipt;
  /** What it takes on the link, about. */
  readonly bytes: number;
  refusals = 0;
  #state: EntryState = "recording";
  readonly #delivered = new Later<void>();
  readonly #turn = new Later<Turn>();

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
export function entrySnapshot({ id, text, deliver, state }: OutboxEntry): EntrySnapshot {
  return { id, text, deliver, state };
}

/** A promise that is settled later. Nobody has to wait for it. */
class Later<Value> {
  resolve: (value: Value) => void = () => {};
  reject: (error: Error) => void = () => {};
  readonly promise: Promise<Value>;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}
