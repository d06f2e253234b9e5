import {
  type Behavior,
  type Context,
  type ExitReason,
  errorExit,
  type Ignore,
  ignore,
  isAsync,
  type Ref,
} from "../../actors/kernel/index.ts";
import { isPromise } from "../../actors/wait.ts";
import type { Child } from "./child.ts";
import type { ResolvedSpec } from "./child-spec.ts";
import { type ChildrenState, isClosing } from "./children-state.ts";
import { InvalidSpecError } from "./errors.ts";

/** The outcome of the start of an attempt. */
export type StartOutcome =
  /** The child runs. */
  | { readonly type: "running"; readonly ref: Ref }
  /** The child's `start` had nothing to run. */
  | { readonly type: "ignored" }
  /** The child was stopped meanwhile, or another restart deals with its end. */
  | { readonly type: "called-off" }
  /** `start` or `init` failed, or took too long. */
  | { readonly type: "failed"; readonly reason: ExitReason; readonly cause: unknown };

/** Starts and stops the attempts of children. Decides nothing. */
export class Attempts {
  readonly #state: ChildrenState;
  readonly #onExit: (child: Child, reason: ExitReason) => void;

  /** `onExit` is called for every running child that ended without having been stopped here. */
  constructor(state: ChildrenState, onExit: (child: Child, reason: ExitReason) => void) {
    this.#state = state;
    this.#onExit = onExit;
  }

  /** Start the next attempt. Never rejects. */
  async start(child: Child): Promise<StartOutcome> {
    if (isClosing(this.#state)) return { type: "called-off" };
    child.status = "starting";
    child.starts += 1;
    const { starts } = child;
    if (child.closing !== undefined) await child.closing;
    const obstacle = child.spec.exclusive ? await this.#obstacle(child) : undefined;
    if (obstacle?.type === "failed") {
      child.lastExit = { epoch: child.epoch, reason: obstacle.reason };
    }
    if (obstacle !== undefined) return obstacle;
    const isWanted = isToStart(child, starts) && !isClosing(this.#state);
    return isWanted ? this.#begin(child) : { type: "called-off" };
  }

  /** Wait between two attempts of a start, until `delayMs` have passed or the child is stopped. */
  async pause(child: Child, delayMs: number): Promise<void> {
    if (delayMs > 0) await this.#sleep(child, delayMs);
  }

  /** Stop the attempt that lives, if one does, by the child's own rule. Leaves the child in `stopping`. Never rejects. */
  stop(child: Child, reason: ExitReason): Promise<void> {
    child.wake?.();
    if (child.ref === undefined) return Promise.resolve();
    child.stopping ??= this.#stop(child, child.ref, reason);
    return child.stopping;
  }

  async #begin(child: Child): Promise<StartOutcome> {
    const attempt = new Attempt(child.spec);
    const ref = this.#launch(child, attempt);
    try {
      const runs = await ref.started;
      if (runs) return this.#succeeded(child, ref);
      await ref.exited;
    } catch (cause) {
      attempt.close();
      return this.#failed(child, ref, { reason: await ref.exited, cause });
    }
    if (!isStarting(child, ref)) return { type: "called-off" };
    this.#bury(child, ref);
    child.status = "ignored";
    return { type: "ignored" };
  }

  /** Wait until nothing is left of earlier attempts. Resolves to the reason not to start, if there is one. */
  async #obstacle(child: Child): Promise<StartOutcome | undefined> {
    const { exclusiveTimeoutMs } = child.spec;
    let isGone = false;
    const sleeping = this.#sleep(child, exclusiveTimeoutMs);
    const { wake } = child;
    void child.slot.settled().then(() => {
      isGone = true;
      if (child.wake === wake) wake?.();
    });
    const end = await sleeping;
    if (isGone) return undefined;
    return end === "woken" ? { type: "called-off" } : leftBehind(exclusiveTimeoutMs);
  }

  /** Sleep until the time is over or the child's `wake` is called. */
  #sleep(child: Child, ms: number): Promise<"over" | "woken"> {
    const { clock } = this.#state.context;
    return new Promise((resolve) => {
      const timer = clock.setTimer(ms, () => {
        child.wake = undefined;
        resolve("over");
      });
      child.wake = () => {
        child.wake = undefined;
        timer.cancel();
        resolve("woken");
      };
    });
  }

  #launch(child: Child, attempt: Attempt): Ref {
    child.by = undefined;
    child.closing = undefined;
    child.nextAt = undefined;
    const { kind, startTimeoutMs, shutdownMs } = child.spec;
    const ref = child.slot.start(attempt, { kind, startTimeoutMs, shutdownMs });
    child.ref = ref;
    this.#state.living.set(ref.pid, child);
    child.epoch = ref.epoch;
    return ref;
  }

  #succeeded(child: Child, ref: Ref): StartOutcome {
    if (!isStarting(child, ref)) return { type: "called-off" };
    child.status = "running";
    if (child.spec.significant) this.#state.significant.add(child);
    child.runningSince = this.#state.context.clock.now();
    void ref.exited.then((reason) => {
      if (child.ref !== ref || child.stopping !== undefined) return;
      this.#bury(child, ref, reason);
      this.#onExit(child, reason);
    });
    return { type: "running", ref };
  }

  #failed(
    child: Child,
    ref: Ref,
    failure: { readonly reason: ExitReason; readonly cause: unknown },
  ): StartOutcome {
    if (!isStarting(child, ref)) return { type: "called-off" };
    this.#bury(child, ref, failure.reason);
    return { type: "failed", ...failure };
  }

  #bury(child: Child, ref: Ref, reason?: ExitReason): void {
    child.ref = undefined;
    this.#state.living.delete(ref.pid);
    if (reason !== undefined) child.lastExit = { epoch: child.epoch, reason };
  }

  async #stop(child: Child, ref: Ref, reason: ExitReason): Promise<void> {
    child.status = "stopping";
    const end = await ref.stop(reason, { shutdownMs: child.spec.shutdownMs });
    child.stopping = undefined;
    this.#bury(child, ref, end);
    reportUnlessAsAsked(this.#state, child, end);
  }
}

/** Report the end of a child that was asked to stop, or whose supervisor stops, and that ended otherwise. */
export function reportUnlessAsAsked(state: ChildrenState, child: Child, end: ExitReason): void {
  if (isAsAsked(child, end)) return;
  state.emit({ type: "shutdown-error", id: child.id, epoch: child.epoch, reason: end });
}

/** The outcome of a start that would find its predecessor still at work. Another try would not help. */
function leftBehind(timeoutMs: number): StartOutcome {
  const message = `what its last incarnation left behind is still there after ${timeoutMs} ms`;
  const cause = { message, code: "left-behind", retryable: false };
  return { type: "failed", reason: errorExit(cause, "lost"), cause };
}

/** Tell whether a start is still wanted after a wait that began when `starts` had been begun. */
export function isToStart(child: Child, starts: number): boolean {
  return child.status === "starting" && child.starts === starts;
}

function isStarting(child: Child, ref: Ref): boolean {
  return child.ref === ref && child.status === "starting";
}

function isAsAsked({ spec }: Child, end: ExitReason): boolean {
  switch (end.type) {
    case "normal":
      return spec.restart !== "permanent";
    case "killed":
      return spec.shutdownMs === "brutal-kill";
    case "shutdown":
      return true;
    case "error":
    case "noproc":
      return false;
    default:
      return end satisfies never;
  }
}

type Made = Behavior<unknown, unknown> | Ignore;

/** The behavior of one attempt to run a child: the spec's `start` inside the child, then the behavior that it made. */
class Attempt implements Behavior<unknown, unknown> {
  readonly #spec: ResolvedSpec;
  #made: Behavior<unknown, unknown> | undefined;
  #closed = false;

  constructor(spec: ResolvedSpec) {
    this.#spec = spec;
  }

  /** Void the attempt: a behavior that `start` makes after this is not begun. */
  close(): void {
    this.#closed = true;
  }

  /** True until `start` has made a behavior, because `start` may await; then the behavior's own answer. */
  get awaits(): boolean {
    if (this.#made === undefined) return true;
    const { awaits, receive, init } = this.#made;
    return awaits ?? (isAsync(receive) || isAsync(init));
  }

  init(context: Context<unknown>): unknown {
    const made = this.#spec.start(context);
    return isPromise(made)
      ? made.then((settled) => this.#begin(settled, context))
      : this.#begin(made, context);
  }

  started(state: unknown, context: Context<unknown>): unknown {
    return this.#made?.started === undefined ? state : this.#made.started(state, context);
  }

  receive(state: unknown, message: unknown, context: Context<unknown>): unknown {
    return this.#made?.receive(state, message, context);
  }

  stopping(state: unknown, reason: ExitReason, context: Context<unknown>): void | Promise<void> {
    return this.#made?.stopping?.(state, reason, context);
  }

  terminate(state: unknown, reason: ExitReason, context: Context<unknown>): void | Promise<void> {
    return this.#made?.terminate?.(state, reason, context);
  }

  #begin(made: Made, context: Context<unknown>): unknown {
    if (made === ignore || this.#closed) return ignore;
    if (!isBehavior(made)) {
      throw new InvalidSpecError(
        "invalid-behavior",
        `child ${this.#spec.id}: start must give a behavior, with init and receive, or ignore`,
      );
    }
    this.#made = made;
    return made.init(context);
  }
}

/** Check what a program without types gave: it may be anything. */
function isBehavior(made: unknown): boolean {
  const { init, receive }: { readonly init?: unknown; readonly receive?: unknown } = Object(made);
  return typeof init === "function" && typeof receive === "function";
}
