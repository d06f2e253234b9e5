import type { Clock } from "../clock.ts";
import { createEventLog, type EventLog } from "../events/index.ts";

/** The cause of a dead letter. */
export type DeadLetterReason =
  /** The actor was stopping, or ended with the message in its queue. */
  | "stopped"
  /** No actor lived there. */
  | "noproc"
  /** The mailbox or the stash of a slot was full. */
  | "overflow"
  /** The sender's incarnation had ended. */
  | "fenced"
  /** The incarnation crashed with the message in its queue; the next one does not get it. */
  | "restart";

/** A message that no actor will handle. */
export interface DeadLetter {
  readonly to: string;
  readonly pid: number;
  readonly reason: DeadLetterReason;
  /** The message's `type`, or a word for its kind. Its contents are not kept. */
  readonly message: string;
}

const kept = 1_000;
const loggedAtOnce = 10;
const windowMs = 1_000;

/** The dead letters of a system: counts all, keeps the newest, and reports the first few of each second. */
export class DeadLetters {
  readonly log: EventLog;
  readonly #clock: Clock;
  readonly #say: (letter: DeadLetter) => void;
  #windowFrom = 0;
  #said = 0;
  #telling = false;

  constructor(clock: Clock, say: (letter: DeadLetter) => void) {
    this.#clock = clock;
    this.#say = say;
    this.log = createEventLog({ clock, path: "/", max: kept });
  }

  get count(): number {
    return this.log.last;
  }

  /** Add a letter. A letter that arises while another one is reported is not counted: reports would never end. */
  add(
    to: { readonly path: string; readonly pid: number },
    reason: DeadLetterReason,
    message: unknown,
  ): void {
    if (this.#telling) return;
    this.#telling = true;
    const letter = Object.freeze({ to: to.path, pid: to.pid, reason, message: nameOf(message) });
    this.log.append("dead-letter", letter, { isolated: true });
    this.#sayIfFew(letter);
    this.#telling = false;
  }

  #sayIfFew(letter: DeadLetter): void {
    const now = this.#clock.now();
    if (this.#said === 0 || now - this.#windowFrom >= windowMs) {
      this.#windowFrom = now;
      this.#said = 0;
    }
    this.#said += 1;
    if (this.#said > loggedAtOnce) return;
    try {
      this.#say(letter);
    } catch {
      // An error in the reporter must not reach the sender.
    }
  }
}

/** Name a message without showing its contents. */
export function nameOf(message: unknown): string {
  if (typeof message === "string")
    return message.length > 40 ? `${message.slice(0, 40)}…` : message;
  if (typeof message !== "object" || message === null) return String(message);
  try {
    const type: unknown = Reflect.get(message, "type");
    return typeof type === "string" ? type : (message.constructor?.name ?? "object");
  } catch {
    return "object";
  }
}
