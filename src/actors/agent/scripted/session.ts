import { customAlphabet } from "nanoid";

const newSessionId = customAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", 12);

/** A conversation that outlives the agents that hold it. */
export class ScriptedSession {
  readonly id = newSessionId();
  readonly #messageIds = new Set<string>();
  #calls = 0;

  get messageIds(): readonly string[] {
    return [...this.#messageIds];
  }

  has(messageId: string): boolean {
    return this.#messageIds.has(messageId);
  }

  /** Keep a message for good. False: it is there already. */
  add(messageId: string): boolean {
    if (this.#messageIds.has(messageId)) return false;
    this.#messageIds.add(messageId);
    return true;
  }

  newCallId(): string {
    this.#calls += 1;
    return `${this.id}-${this.#calls}`;
  }
}
