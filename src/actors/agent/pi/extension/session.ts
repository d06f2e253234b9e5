import type { Later, Pi, PiContext, PiEntry, PiMessage } from "./pi.ts";

const entryType = "ramure-message";

/** The ids of our messages that the session holds. */
function idsIn(entries: readonly PiEntry[]): readonly string[] {
  return entries.map(idOf).filter((id) => id !== undefined);
}

function idOf({ message, customType, data }: PiEntry): string | undefined {
  if (typeof message?.ramureId === "string") return message.ramureId;
  const noted = customType === entryType && typeof data === "object" && data !== null;
  return noted && "id" in data && typeof data.id === "string" ? data.id : undefined;
}

/**
 * Knows which of our messages are in the session file for good.
 *
 * A message carries its id as one more field of its own entry, which pi writes and never sends to a
 * model: so text and id are in the file together or not at all, however pi ends. pi writes nothing
 * before the first answer of the model, so until then nothing is durable.
 */
export class Ledger {
  readonly #pi: Pi;
  readonly #context: PiContext;
  readonly #later: Later;
  readonly #report: (id: string) => void;
  readonly #starting = new Map<string, string>();
  #waiting: string[] = [];
  #written = false;

  constructor(options: {
    readonly pi: Pi;
    readonly context: PiContext;
    readonly later: Later;
    readonly report: (id: string) => void;
  }) {
    this.#pi = options.pi;
    this.#context = options.context;
    this.#later = options.later;
    this.#report = options.report;
  }

  /** The ids that a new link is told. */
  durable(): readonly string[] {
    return this.#isWritten() ? idsIn(this.#entries()).slice(-5_000) : [];
  }

  /** Take in that pi started a user message of ours. */
  started(id: string, text: string): void {
    this.#starting.set(text, id);
  }

  /** Take in that a message is complete. Returns it with its id when it is one of ours. */
  ended(message: PiMessage, text: string): PiMessage | undefined {
    const id = message.role === "user" ? this.#starting.get(text) : undefined;
    this.#starting.delete(text);
    if (id !== undefined) this.#waiting.push(id);
    if (id !== undefined || message.role === "assistant") this.#later(0, () => this.#check());
    return id === undefined ? undefined : Object.assign(message, { ramureId: id });
  }

  /** A tick after pi wrote a message: tell what is in the file now. */
  #check(): void {
    if (!this.#isWritten()) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const recent = new Set(idsIn(this.#entries().slice(-200)));
    for (const id of waiting) {
      if (!recent.has(id)) this.#pi.appendEntry(entryType, { id });
      this.#report(id);
    }
  }

  #isWritten(): boolean {
    this.#written ||= this.#entries().some(({ message }) => message?.role === "assistant");
    return this.#written;
  }

  #entries(): readonly PiEntry[] {
    return this.#context.sessionManager.getEntries();
  }
}
