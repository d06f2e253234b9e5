import type { Behavior, Context, ExitReason, Ignore, Shutdown } from "../../actors/kernel/index.ts";
import type { Backoff, BackoffPolicy } from "./backoff.ts";
import type { Intensity, RestartLimits } from "./intensity.ts";
import type { ChildId } from "./strategy.ts";

/** The ends after which a child is started again. */
export type Restart =
  /** Every end. */
  | "permanent"
  /** A failure. */
  | "transient"
  /** No end. */
  | "temporary";

/** The result of a spec's `start`: the behavior of the child, or that there is nothing to run. */
export type Startable<Message> =
  /** The behavior of the child. */
  | Behavior<Message, unknown>
  /** There is nothing to run. */
  | Ignore
  /** Either of them, later. */
  | Promise<Behavior<Message, unknown> | Ignore>;

/** The rules by which a supervisor keeps a child, whatever starts it. */
export interface ChildPolicy {
  /**
   * The ends after which it is started again. Default by `kind`: `transient` for a process, `temporary`
   * for a task, else `permanent`, an agent and a machine among them.
   */
  readonly restart?: Restart | undefined;
  /** The time to stop, in ms. Default: 5_000; agents and machines 15_000; supervisors `infinity`. */
  readonly shutdownMs?: Shutdown | undefined;
  /** `supervisor` for a child with children of its own. Default: `worker`. */
  readonly type?: "worker" | "supervisor" | undefined;
  /** True when its own end counts for the supervisor's `autoShutdown`. Default: false. */
  readonly significant?: boolean | undefined;
  /** The longest start, in ms. Default: 5_000; agents 60_000; machines 300_000; supervisors no limit. */
  readonly startTimeoutMs?: number | undefined;
  /** The number of tries at the first start, with waits by `backoff` between, before it fails. A failure that is not `retryable` is not tried again. Default: 1. */
  readonly startAttempts?: number | undefined;
  /** Waits between restarts. Default: none; agents and machines 1 s doubling to 60 s. */
  readonly backoff?: Backoff | undefined;
  /** Counts this child's restarts on its own instead of in the supervisor's window. Default: only agents and machines, 20 in 10 min. */
  readonly intensity?: Intensity | undefined;
  /** The fate of messages that an attempt left unread: the next one gets them, or nobody. Default: `drop`; agents `keep`. */
  readonly mailbox?: "keep" | "drop" | undefined;
  /** Decides over a failure that would restart it; false makes the supervisor give up. Default: an error that is not `retryable` is not restarted. */
  readonly restartIf?: ((reason: ExitReason) => boolean) | undefined;
  /** Wait with the next start until the code of a killed attempt has returned and what it owned is released. Default: false. */
  readonly exclusive?: boolean | undefined;
  /** The time that an exclusive start waits for that before the supervisor gives up, in ms. Default: 30_000. */
  readonly exclusiveTimeoutMs?: number | undefined;
  /** A word for trees and logs, and what the defaults go by. Default: `supervisor` or `actor`. */
  readonly kind?: string | undefined;
  /** An earlier sibling that the child cannot live without: both are stopped and started together. */
  readonly dependsOn?: ChildId | undefined;
  /**
   * Stop the child at the supervisor's end at the same time as its neighbours in start order that say so
   * too, but after those of them that depend on it. Default: only agents and machines.
   */
  readonly stopTogether?: boolean | undefined;
  /** Keep the slot of a temporary child after its end, so that `restartChild` works. Default: false. */
  readonly retain?: boolean | undefined;
}

/**
 * The reason why a child is gone: it does not run, and only a restart by hand would start it again.
 */
export type GoneWhy =
  /** The child's first start was refused, failed or was cancelled. */
  | "not-started"
  /** The child's start had nothing to run. */
  | "ignored"
  /** The child ended by itself, and its policy does not start it again. */
  | "ended"
  /** The child, or one that it depends on, was stopped by request. */
  | "terminated"
  /** The child was stopped with its group, and the group's restart does not start it again. */
  | "with-group"
  /** The child failed beyond its limits: the supervisor gives up. */
  | "gave-up"
  /** The actor whose child it was has ended, or is stopping all its children. */
  | "owner-ended";

/** The end of a child that nothing starts again by itself. */
export interface ChildGone {
  readonly why: GoneWhy;
  /** The end of its latest incarnation; of a child that never ran, the failure of its start. */
  readonly reason: ExitReason;
  /** The very value that its start failed with, if it did. */
  readonly cause?: unknown;
}

/** One child of a supervisor, as data. Unknown keys are ignored. */
export interface ChildSpec<Message = unknown> extends ChildPolicy {
  /** Unique among its siblings; the last part of its path. */
  readonly id: ChildId;
  /**
   * Make the behavior of the child. Runs anew for every attempt, inside it: `context` is the child's
   * own. A throw, or more time than `startTimeoutMs`, fails the start; `ignore` starts nothing.
   */
  start(context: Context<Message>): Startable<Message>;
  /**
   * Close what was kept for the child over its restarts.
   *
   * Called once when the child is gone: it does not run, and only a restart by hand would start it
   * again; after such a restart once more. It is called in every case, also when the start is refused
   * and when the owner is killed. The call that ended the child waits for it. Default: nothing.
   */
  gone?(end: ChildGone): void | Promise<void>;
}

/** A spec with every default filled in. */
export interface ResolvedSpec {
  readonly id: ChildId;
  readonly start: (context: Context<unknown>) => Startable<unknown>;
  readonly gone: ((end: ChildGone) => void | Promise<void>) | undefined;
  readonly restart: Restart;
  readonly shutdownMs: Shutdown;
  readonly type: "worker" | "supervisor";
  readonly significant: boolean;
  readonly startTimeoutMs: number;
  readonly startAttempts: number;
  readonly backoff: BackoffPolicy;
  readonly intensity: RestartLimits | undefined;
  readonly mailbox: "keep" | "drop";
  readonly restartIf: ((reason: ExitReason) => boolean) | undefined;
  readonly exclusive: boolean;
  readonly exclusiveTimeoutMs: number;
  readonly kind: string;
  readonly dependsOn: ChildId | undefined;
  readonly stopTogether: boolean;
  readonly retain: boolean;
}
