import { type ExitReason, isClean, isRetryable } from "../../actors/kernel/index.ts";
import { reportUnlessAsAsked } from "./attempts.ts";
import { delayMs, isHealthy } from "./backoff.ts";
import type { Child } from "./child.ts";
import type { ResolvedSpec } from "./child-spec.ts";
import { type ChildrenState, forgetUnlessKept, isClosing, tellGone } from "./children-state.ts";
import { type PassedLimit, type RestartLimits, RestartWindow } from "./intensity.ts";
import type { Restarts } from "./restarts.ts";

/** The reason for which a supervisor gives up on a child. */
export type GivingUp =
  /** The child failed beyond a limit. */
  | { readonly cause: "intensity"; readonly limit: PassedLimit }
  /** Another attempt would not help. */
  | { readonly cause: "not-retryable" };

/** The consequences of an end for the supervisor as a whole. */
export interface Consequences {
  giveUp(child: Child, why: GivingUp, reason: ExitReason): void;
  /** A child ended, by itself or with its group, and is not started again. */
  left(child: Child): void;
  /** A significant child ended by itself and is not restarted. */
  significantEnded(): void;
}

/** Decides what the end of a child means. */
export class Endings {
  readonly #state: ChildrenState;
  readonly #restarts: Restarts;
  readonly #consequences: Consequences;
  readonly #window: RestartWindow;

  constructor(state: ChildrenState, restarts: Restarts, consequences: Consequences) {
    this.#state = state;
    this.#restarts = restarts;
    this.#consequences = consequences;
    this.#window = new RestartWindow(state.flags.intensity);
  }

  /** Decide over a running child that ended by itself. */
  ended(child: Child, reason: ExitReason): void {
    if (isClosing(this.#state)) {
      child.stoppedBy("self");
      if (!this.#state.ended) reportUnlessAsAsked(this.#state, child, reason);
      tellGone(this.#state, child, "owner-ended");
      return;
    }
    const ranMs = this.#state.context.clock.now() - child.runningSince;
    if (isHealthy(child.spec.backoff, ranMs)) child.failures = 0;
    this.#report(child, reason);
    if (!wantsRestart(child.spec, reason)) this.#finished(child);
    else if (this.#state.initialFailure !== undefined) this.#state.initialFailure(child, reason);
    else if (!this.#isCovered(child, reason)) this.#restart(child, reason);
  }

  /** Decide over a child whose start failed as part of a restart. */
  startFailed(child: Child, reason: ExitReason): void {
    if (child.spec.restart === "temporary") this.leave(child);
    else this.#restart(child, reason);
  }

  /** Take in that a child ended by itself and is not started again. */
  leave(child: Child): void {
    const isTakenAway = this.#restarts.takesAway(child);
    child.stoppedBy("self");
    tellGone(this.#state, child, "ended");
    forgetUnlessKept(this.#state, child);
    this.#consequences.left(child);
    if (!child.spec.significant) return;
    this.#state.significant.delete(child);
    if (!isTakenAway) this.#consequences.significantEnded();
  }

  /** Take in that a temporary child was stopped with its group, and is not started again. */
  leaveWithGroup(child: Child): void {
    forgetUnlessKept(this.#state, child);
    this.#consequences.left(child);
  }

  #report(child: Child, reason: ExitReason): void {
    if (child.spec.restart !== "permanent" && isClean(reason)) return;
    const { id, epoch } = child;
    this.#state.emit({ type: "child-terminated", id, epoch, reason });
  }

  /** A child that finished while its group is being stopped stays so, unless it was to be started again by request. */
  #finished(child: Child): void {
    const { operation } = child;
    const returns = operation?.isCause(child) === true || this.#state.flags.reviveFinished;
    if (returns && operation?.covers(child) === true) {
      this.#cover(child);
      return;
    }
    operation?.release(child);
    this.leave(child);
  }

  /** Tell whether a restart under way covers this failure: the failure is then part of that restart. */
  #isCovered(child: Child, reason: ExitReason): boolean {
    if (child.operation?.covers(child) !== true || !mayRestart(child.spec, reason)) return false;
    this.#cover(child);
    return true;
  }

  #cover(child: Child): void {
    if (child.operation?.isCause(child) === true) child.status = "restarting";
    else child.stoppedBy("group");
  }

  #restart(child: Child, reason: ExitReason): void {
    const why = this.#reasonToGiveUp(child, reason);
    if (why !== undefined) {
      child.stoppedBy("self");
      tellGone(this.#state, child, "gave-up");
      this.#consequences.giveUp(child, why, reason);
      return;
    }
    const wait = Math.max(delayMs(child.spec.backoff, child.failures), retryAfterMs(reason));
    child.failures += 1;
    this.#restarts.afterEnd(child, wait, (delay) => this.#announce(child, delay, reason));
  }

  #announce(child: Child, wait: number, reason: ExitReason): void {
    const limit = this.#nearestLimit(child);
    this.#state.emit({
      type: "restarting",
      id: child.id,
      ...limit,
      delayMs: Math.round(wait),
      reason: inOneLine(reason),
    });
  }

  /** Find the limit that will be reached first if failures continue like this. */
  #nearestLimit(child: Child): { readonly attempt: number; readonly of: number } {
    const { maxRestarts, maxConsecutive } = this.#limits(child);
    const { failures } = child;
    const counted = this.#windowOf(child).count(this.#state.context.clock.now());
    if (maxRestarts - counted < maxConsecutive - failures) {
      return { attempt: counted, of: maxRestarts };
    }
    return { attempt: failures, of: maxConsecutive };
  }

  #reasonToGiveUp(child: Child, reason: ExitReason): GivingUp | undefined {
    if (!mayRestart(child.spec, reason)) {
      this.#state.emit({ type: "not-retryable", id: child.id, reason });
      return { cause: "not-retryable" };
    }
    const { maxRestarts, maxConsecutive, withinMs } = this.#limits(child);
    const window = this.#windowOf(child);
    if (!window.allows(this.#state.context.clock.now(), child.id)) {
      const failures = window.byChild();
      const limit = { name: "maxRestarts", allowed: maxRestarts, withinMs, failures } as const;
      return { cause: "intensity", limit };
    }
    if (child.failures < maxConsecutive) return undefined;
    const failures = { [child.id]: child.failures + 1 };
    const limit = { name: "maxConsecutive", allowed: maxConsecutive, failures } as const;
    return { cause: "intensity", limit };
  }

  #windowOf(child: Child): RestartWindow {
    return child.window ?? this.#window;
  }

  #limits(child: Child): RestartLimits {
    return child.spec.intensity ?? this.#state.flags.intensity;
  }
}

function wantsRestart({ restart }: ResolvedSpec, reason: ExitReason): boolean {
  switch (restart) {
    case "permanent":
      return true;
    case "transient":
      return !isClean(reason);
    case "temporary":
      return false;
    default:
      return restart satisfies never;
  }
}

/** Tell whether another attempt after this end may help, by the child's own rule where it has one. */
export function mayRestart({ restartIf }: ResolvedSpec, reason: ExitReason): boolean {
  if (isClean(reason)) return true;
  if (restartIf !== undefined) return holds(restartIf, reason);
  return isRetryable(reason);
}

/** A rule that throws cannot vouch for a restart. */
function holds(rule: (reason: ExitReason) => boolean, reason: ExitReason): boolean {
  try {
    return rule(reason);
  } catch {
    return false;
  }
}

function retryAfterMs(reason: ExitReason): number {
  return reason.type === "error" ? (reason.retryAfterMs ?? 0) : 0;
}

/** The first line of why: the end itself, told beside it, has the last words of a terminal. */
function inOneLine(reason: ExitReason): ExitReason {
  if (reason.type !== "error") return reason;
  return { ...reason, message: reason.message.split("\n", 1)[0] ?? "" };
}
