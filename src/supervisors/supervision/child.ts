import type { ExitReason, Ref, Slot } from "../../actors/kernel/index.ts";
import type { ResolvedSpec } from "./child-spec.ts";
import { RestartWindow } from "./intensity.ts";
import type { ChildId } from "./strategy.ts";

/** What a child is doing. `restarting` waits for its next start; `ignored` had nothing to run. */
export type ChildStatus =
  | "starting"
  | "running"
  | "restarting"
  | "stopping"
  | "stopped"
  | "ignored";

/** Who stopped a child: itself, somebody's call, or the restart of a sibling. */
export type StoppedBy = "self" | "api" | "group";

/** What is known of one child: plain data. */
export interface ChildInfo {
  readonly id: ChildId;
  readonly path: string;
  readonly type: "worker" | "supervisor";
  readonly kind: string;
  readonly status: ChildStatus;
  /** Who stopped it, when it is stopped. */
  readonly by?: StoppedBy | undefined;
  /** When it tries again, in ms of the clock, when it is restarting. */
  readonly nextAt?: number | undefined;
  /** Of the incarnation that lives; undefined when none does. */
  readonly pid: number | undefined;
  /** Of the latest incarnation; 0 before the first. */
  readonly epoch: number;
  /** How often it was restarted for an end of its own. */
  readonly restarts: number;
  readonly lastExit?: { readonly epoch: number; readonly reason: ExitReason } | undefined;
}

/** What is going to start a child again. */
export interface ComingRestart {
  /** Settles when it has started what it was to start, or was called off. */
  readonly done: Promise<void>;
  /** Leave this child alone, and the others that have no cause but its end; these are returned. */
  drop(child: Child): readonly Child[];
}

/** The supervisor's record of one child, over all its incarnations. */
export class Child {
  readonly spec: ResolvedSpec;
  readonly slot: Slot;
  /** Its place in the start order. */
  readonly position: number;
  /** Counts its restarts, when not the supervisor's own window does. */
  readonly window: RestartWindow | undefined;
  status: ChildStatus = "starting";
  by: StoppedBy | undefined;
  nextAt: number | undefined;
  /** The incarnation that lives or is being stopped. */
  ref: Ref | undefined;
  epoch = 0;
  /** Starts begun so far; whoever waited on the way to one knows by it whether another came first. */
  starts = 0;
  restarts = 0;
  /** Restarts in a row without a healthy period. */
  failures = 0;
  /** When the latest incarnation had started. */
  runningSince = 0;
  lastExit: { readonly epoch: number; readonly reason: ExitReason } | undefined;
  /** The restart that is going to start it. */
  operation: ComingRestart | undefined;
  /** Ends the wait for what an earlier incarnation left behind; there while an exclusive start waits. */
  wake: (() => void) | undefined;
  /** The closing of what was kept for it; there once it is gone, until it is started again. */
  closing: Promise<void> | undefined;
  /** The stop under way; whoever else wants it stopped waits for the same. */
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

/** What a supervisor tells of its children, in the order in which it happened. */
export type SupervisionEvent =
  /** A first start, one by API, or one that came along with another child's restart. */
  | {
      readonly type: "child-started";
      readonly id: ChildId;
      readonly pid: number;
      readonly epoch: number;
    }
  /** A failure, or any end of a permanent child, that nobody had asked for. */
  | {
      readonly type: "child-terminated";
      readonly id: ChildId;
      readonly epoch: number;
      readonly reason: ExitReason;
    }
  /** A restart was decided; it happens in `delayMs`. `attempt` and `of` count towards the limit that is nearest: in the window, or in a row. */
  | {
      readonly type: "restarting";
      readonly id: ChildId;
      readonly attempt: number;
      readonly of: number;
      readonly delayMs: number;
      readonly reason: ExitReason;
    }
  | {
      readonly type: "restarted";
      readonly id: ChildId;
      readonly pid: number;
      readonly epoch: number;
    }
  | { readonly type: "start-error"; readonly id: ChildId; readonly reason: ExitReason }
  /** A child that was asked to stop ended otherwise than asked. */
  | {
      readonly type: "shutdown-error";
      readonly id: ChildId;
      readonly epoch: number;
      readonly reason: ExitReason;
    }
  | { readonly type: "not-retryable"; readonly id: ChildId; readonly reason: ExitReason }
  | {
      readonly type: "gave-up";
      readonly id: ChildId;
      readonly cause: "intensity" | "not-retryable";
      readonly reason: ExitReason;
    }
  | { readonly type: "unexpected-message"; readonly message: string };

export type GaveUpEvent = Extract<SupervisionEvent, { readonly type: "gave-up" }>;
