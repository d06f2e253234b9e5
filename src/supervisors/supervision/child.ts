import type { ExitReason, Ref, Slot } from "../../actors/kernel/index.ts";
import type { ResolvedSpec } from "./child-spec.ts";
import { type PassedLimit, RestartWindow } from "./intensity.ts";
import type { ChildId } from "./strategy.ts";

/** The state of a child. */
export type ChildStatus =
  /** The child's start is under way, or waits for another try. */
  | "starting"
  /** The child runs. */
  | "running"
  /** The child ended and waits for its next start. */
  | "restarting"
  /** The child was asked to stop and has not ended. */
  | "stopping"
  /** The child does not run. */
  | "stopped"
  /** The child's start had nothing to run. */
  | "ignored";

/** The cause of a child's stop. */
export type StoppedBy =
  /** The child ended by itself. */
  | "self"
  /** The child was stopped by request. */
  | "api"
  /** A sibling was restarted or terminated, or all children were stopped. */
  | "group";

/** The facts of one child: plain data. */
export interface ChildInfo {
  readonly id: ChildId;
  readonly path: string;
  readonly type: "worker" | "supervisor";
  readonly kind: string;
  readonly status: ChildStatus;
  /** The cause of its stop; there when it is stopped. */
  readonly by?: StoppedBy | undefined;
  /** The time of its next start, in ms of the clock; there when it is restarting. */
  readonly nextAt?: number | undefined;
  /** The pid of the attempt that lives; undefined when none does. */
  readonly pid: number | undefined;
  /** The number of the latest attempt; 0 before the first. */
  readonly epoch: number;
  /** The number of restarts after an end of its own; neither those by hand nor those with its group. */
  readonly restarts: number;
  readonly lastExit?: { readonly epoch: number; readonly reason: ExitReason } | undefined;
}

/** A restart that is going to start a child again. */
export interface ComingRestart {
  /** Settles when the restart has started its children, or was cancelled. */
  readonly done: Promise<void>;
  /** Tell whether another end of this child changes nothing, because the restart has not come to starting. */
  covers(child: Child): boolean;
  /** Tell whether this child is restarted for an end of its own or by request, and not along with others. */
  isCause(child: Child): boolean;
  /** Take this child out, because it was started, finished, or is taken over by another restart. */
  release(child: Child): void;
  /** Take this child out, and the others that have no cause but its end; these are returned. */
  drop(child: Child): readonly Child[];
}

/** The supervisor's record of one child, over all its attempts. */
export class Child {
  readonly spec: ResolvedSpec;
  readonly slot: Slot;
  /** The child's place in the start order. */
  readonly position: number;
  /** The child's own window of restarts; undefined where the supervisor's counts. */
  readonly window: RestartWindow | undefined;
  status: ChildStatus = "starting";
  by: StoppedBy | undefined;
  nextAt: number | undefined;
  /** The attempt that lives or is being stopped. */
  ref: Ref | undefined;
  epoch = 0;
  /** The number of starts begun. A start that waited compares it, to see whether another came first. */
  starts = 0;
  restarts = 0;
  /** The restarts in a row without a healthy period. */
  failures = 0;
  /** The time at which the latest attempt had started. */
  runningSince = 0;
  lastExit: { readonly epoch: number; readonly reason: ExitReason } | undefined;
  /** The restart that is going to start it. */
  operation: ComingRestart | undefined;
  /** Ends the wait of a start that is waiting. */
  wake: (() => void) | undefined;
  /** The work that its `gone` began; there once it is gone, until it is started again. */
  closing: Promise<void> | undefined;
  /** The stop under way. */
  stopping: Promise<void> | undefined;

  constructor(spec: ResolvedSpec, slot: Slot, position: number) {
    this.spec = spec;
    this.slot = slot;
    this.position = position;
    this.window = spec.intensity === undefined ? undefined : new RestartWindow(spec.intensity);
  }

  get id(): ChildId {
    return this.spec.id;
  }

  stoppedBy(by: StoppedBy): void {
    this.status = "stopped";
    this.by = by;
    this.nextAt = undefined;
  }

  info(): ChildInfo {
    const { spec, status, ref } = this;
    return {
      id: spec.id,
      path: this.slot.path,
      type: spec.type,
      kind: spec.kind,
      status,
      by: status === "stopped" ? this.by : undefined,
      nextAt: status === "restarting" ? this.nextAt : undefined,
      pid: ref?.pid,
      epoch: this.epoch,
      restarts: this.restarts,
      lastExit: this.lastExit,
    };
  }
}

/** An event of a supervisor's children. */
export type SupervisionEvent =
  /** A child started for the first time, by hand, or along with another child's restart. */
  | {
      readonly type: "child-started";
      readonly id: ChildId;
      readonly pid: number;
      readonly epoch: number;
    }
  /** A child failed, or a permanent one ended, and nobody had asked for it. */
  | {
      readonly type: "child-terminated";
      readonly id: ChildId;
      readonly epoch: number;
      readonly reason: ExitReason;
    }
  /** A restart was decided and happens in `delayMs`. `attempt` and `of` count towards the nearest limit: in the window, or in a row. */
  | {
      readonly type: "restarting";
      readonly id: ChildId;
      readonly attempt: number;
      readonly of: number;
      readonly delayMs: number;
      readonly reason: ExitReason;
    }
  /** A child was restarted after an end of its own. */
  | {
      readonly type: "restarted";
      readonly id: ChildId;
      readonly pid: number;
      readonly epoch: number;
    }
  /** A start failed: one of a restart, or a first one that is tried again. */
  | { readonly type: "start-error"; readonly id: ChildId; readonly reason: ExitReason }
  /** A child that was asked to stop, or whose supervisor stops, ended otherwise; or its `gone` threw. */
  | {
      readonly type: "shutdown-error";
      readonly id: ChildId;
      readonly epoch: number;
      readonly reason: ExitReason;
    }
  /** A child failed in a way that another attempt would not help. `gave-up` follows. */
  | { readonly type: "not-retryable"; readonly id: ChildId; readonly reason: ExitReason }
  /** The supervisor gave up on a child; for `intensity`, `limit` says which limit was passed, and by which children. */
  | {
      readonly type: "gave-up";
      readonly id: ChildId;
      readonly cause: "intensity" | "not-retryable";
      readonly reason: ExitReason;
      readonly limit?: PassedLimit | undefined;
    }
  /** The supervisor got a message that it does not know. */
  | { readonly type: "unexpected-message"; readonly message: string };

export type GaveUpEvent = Extract<SupervisionEvent, { readonly type: "gave-up" }>;
