import type { Clock } from "../clock.ts";
import type { MailboxOptions } from "./behavior.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Groups } from "./groups.ts";
import type { Logs } from "./logs.ts";
import type { NameHolder, Names } from "./names.ts";
import type { Runnable, Scheduler } from "./scheduler.ts";

/** Code of an ended incarnation that still runs. */
export interface Orphan {
  readonly path: string;
  readonly pid: number;
  readonly epoch: number;
  /** A word for the work: `init`, the type of a message, `terminate`. */
  readonly doing: string;
  /** The time at which its incarnation ended, on the clock's scale. */
  readonly since: number;
  /** The number of effects that it has tried since. All were refused. */
  readonly fenced: number;
}

/** A report of a failure, for people. State and message went through `redact`. */
export interface CrashReport {
  readonly path: string;
  readonly pid: number;
  readonly epoch: number;
  readonly error: unknown;
  readonly state: unknown;
  readonly message: unknown;
}

/** The parts that all actors of one system share. It knows nothing about the shape of an actor. */
export interface Kernel<Cell extends Runnable & NameHolder> {
  readonly clock: Clock;
  readonly scheduler: Scheduler<Cell>;
  readonly names: Names<Cell>;
  readonly groups: Groups<Cell>;
  readonly deadLetters: DeadLetters;
  /** The deadlines of calls. */
  readonly deadlines: Deadlines;
  /** The deadlines of stops. */
  readonly stopDeadlines: Deadlines;
  readonly logs: Logs;
  /** Ended actors whose code still runs. */
  readonly orphans: Set<Cell>;
  /** Disposers of killed actors that still run. */
  readonly reaping: Set<Promise<void>>;
  /** The mailbox of an actor whose options have none. */
  readonly mailbox: MailboxOptions;
  nextPid(): number;
  /** Give the new cell its ref and its context. */
  equip(cell: Cell): void;
  /** Report a crash. */
  crashed(cell: Cell, error: unknown): void;
  /** Report an answer that no caller waits for. */
  answeredLate(cell: Cell): void;
  /** Report an error in a listener of the actor's signal. */
  abortFailed(cell: Cell, error: unknown): void;
}
