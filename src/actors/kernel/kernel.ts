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
  /** What it was doing: `init`, a message's type, `terminate`. */
  readonly doing: string;
  /** When its incarnation ended, on the clock's scale. */
  readonly since: number;
  /** How many effects it has tried since. None of them had any. */
  readonly fenced: number;
}

/** How an actor failed, for people; what is secret in it went through `redact`. */
export interface CrashReport {
  readonly path: string;
  readonly pid: number;
  readonly epoch: number;
  readonly error: unknown;
  readonly state: unknown;
  readonly message: unknown;
}

/** What all actors of one system share. Knows no actor's shape: it carries them. */
export interface Kernel<Cell extends Runnable & NameHolder> {
  readonly clock: Clock;
  readonly scheduler: Scheduler<Cell>;
  readonly names: Names<Cell>;
  readonly groups: Groups<Cell>;
  readonly deadLetters: DeadLetters;
  readonly deadlines: Deadlines;
  readonly logs: Logs;
  /** Ended actors whose code still runs. */
  readonly orphans: Set<Cell>;
  /** Disposers of killed actors that have not finished. */
  readonly reaping: Set<Promise<void>>;
  readonly mailbox: MailboxOptions;
  nextPid(): number;
  /** Give the new cell its ref and its context. */
  equip(cell: Cell): void;
  /** Hears of crashes. Whatever it throws is dropped. */
  crashed(cell: Cell, error: unknown): void;
  /** The actor gave an answer that nobody waits for. */
  answeredLate(cell: Cell): void;
  /** A listener of the actor's signal has thrown. */
  abortFailed(cell: Cell, error: unknown): void;
}
