import { type ExitReason, isClean, isRetryable } from "../../actors/kernel/index.ts";
import { delayMs, isHealthy } from "./backoff.ts";
import type { Child } from "./child.ts";
import type { ChildLives } from "./child-lives.ts";
import type { ResolvedSpec } from "./child-spec.ts";
import { type Family, forget, inStartOrder, isClosing, isForgotten } from "./child-table.ts";
import { tellGone, tellLeftAtRest } from "./gone.ts";
import { type RestartLimits, RestartWindow } from "./intensity.ts";
import { type RestartActs, RestartOperation } from "./restart-operation.ts";
import { touched } from "./strategy.ts";

/** Why a supervisor does not go on. */
export type GiveUpCause = "intensity" | "not-retryable";

/** What an end can mean for the supervisor as a whole. */
export interface Consequences {
  giveUp(child: Child, cause: GiveUpCause, reason: ExitReason): void;
  /** A child ended, by itself or with its group, and is not started again. */
  left(child: Child): void;
  /** A significant child ended by itself and is not restarted. */
  significantEnded(): void;
}

/** Decides what the end of a child means, and carries restarts out. */
export class Restarts {
  readonly #family: Family;
  readonly #lives: ChildLives;
  readonly #consequences: Consequences;
  readonly #window: RestartWindow;
  readonly #operations = new Set<RestartOperation>();
  readonly #acts: RestartActs;

  constructor(family: Family, lives: ChildLives, consequences: Consequences) {
    this.#family = family;
    this.#lives = lives;
    this.#consequences = consequences;
    this.#window = new RestartWindow(family.flags.intensity);
    this.#acts = {
      clock: family.context.clock,
      stop: (child, operation) => this.#stopForGroup(child, operation),
      start: (child, operation) => this.#startAgain(child, operation),
    };
  }

  /** Decide over a running child that ended by itself. */
  ended(child: Child, reason: ExitReason): void {
    if (isClosing(this.#family)) {
      child.stoppedBy("self");
      tellGone(this.#family, child, "owner-ended");
    } else this.#decide(child, reason);
  }

  /** Restart a child because somebody asked: nothing is counted, what was is forgiven, nothing is waited for, and no sibling but its dependents is touched. */
  byRequest(origin: Child, once: boolean): void {
    const scope = this.#family.children.withDependents(origin);
    origin.failures = 0;
    const startAt = this.#family.context.clock.now();
    this.#begin({ origin, scope, startAt, byRequest: once ? "once" : "by-policy" });
  }

  /** Call off every restart under way. */
  callOff(): void {
    for (const operation of this.#operations) operation.callOff();
  }

  #decide(child: Child, reason: ExitReason): void {
    const family = this.#family;
    const ranMs = family.context.clock.now() - child.runningSince;
    if (isHealthy(child.spec.backoff, ranMs)) child.failures = 0;
    this.#report(child, reason);
    if (!wantsRestart(child.spec, reason)) this.#leave(child);
    else if (family.initialFailure !== undefined) family.initialFailure(child, reason);
    else this.#restart(child, reason);
  }

  #report(child: Child, reason: ExitReason): void {
    if (child.spec.restart !== "permanent" && isClean(reason)) return;
    const { id, epoch } = child;
    this.#family.emit({ type: "child-terminated", id, epoch, reason });
  }

  #leave(child: Child): void {
    child.stoppedBy("self");
    tellGone(this.#family, child, "ended");
    if (isForgotten(this.#family, child)) forget(this.#family, child);
    this.#consequences.left(child);
    if (!child.spec.significant) return;
    this.#family.significant.delete(child);
    this.#consequences.significantEnded();
  }

  #restart(child: Child, reason: ExitReason): void {
    const cause = this.#reasonToGiveUp(child, reason);
    if (cause !== undefined) {
      child.stoppedBy("self");
      tellGone(this.#family, child, "gave-up");
      this.#consequences.giveUp(child, cause, reason);
      return;
    }
    const now = this.#family.context.clock.now();
    const wait = Math.max(delayMs(child.spec.backoff, child.failures), retryAfterMs(reason));
    const joined = this.#restartToJoin(child);
    const startAt = joined?.startAt ?? now + wait;
    child.failures += 1;
    this.#announce(child, Math.max(0, startAt - now), reason);
    if (joined === undefined) this.#begin({ origin: child, scope: this.#scopeOf(child), startAt });
    else joinRestart(child, joined);
  }

  #announce(child: Child, wait: number, reason: ExitReason): void {
    this.#family.emit({
      type: "restarting",
      id: child.id,
      ...this.#nearestLimit(child),
      delayMs: wait,
      reason,
    });
  }

  /** The limit that will be reached first, should it go on like this. */
  #nearestLimit(child: Child): { readonly attempt: number; readonly of: number } {
    const { maxRestarts, maxConsecutive } = this.#limits(child);
    const { failures } = child;
    const counted = (child.window ?? this.#window).count(this.#family.context.clock.now());
    if (maxRestarts - counted < maxConsecutive - failures)
      return { attempt: counted, of: maxRestarts };
    return { attempt: failures, of: maxConsecutive };
  }

  /** Find the restart of the group that will start those before `child`, if it can start `child` as well. */
  #restartToJoin(child: Child): RestartOperation | undefined {
    const { strategy } = this.#family.flags;
    if (strategy === "one-for-one") return undefined;
    for (const operation of this.#operations) {
      const [first] = operation.pending;
      if (first === undefined || first.position > child.position) continue;
      if (strategy === "rest-for-one" || !operation.isStarting) return operation;
    }
    return undefined;
  }

  #reasonToGiveUp(child: Child, reason: ExitReason): GiveUpCause | undefined {
    if (!mayRestart(child.spec, reason)) {
      this.#family.emit({ type: "not-retryable", id: child.id, reason });
      return "not-retryable";
    }
    const window = child.window ?? this.#window;
    if (!window.allows(this.#family.context.clock.now())) return "intensity";
    return child.failures < this.#limits(child).maxConsecutive ? undefined : "intensity";
  }

  #limits(child: Child): RestartLimits {
    return child.spec.intensity ?? this.#family.flags.intensity;
  }

  #scopeOf(child: Child): readonly Child[] {
    const { flags, children } = this.#family;
    if (flags.strategy === "one-for-one") return children.withDependents(child);
    const order = children.inOrder();
    const ids = order.map(({ id }) => id);
    const scope = new Set(touched(flags.strategy, ids, child.id));
    return order.filter(({ id }) => scope.has(id));
  }

  #begin(request: RestartRequest): void {
    const { origin, startAt } = request;
    const once = request.byRequest === "once";
    const toReturn = request.scope.filter((child) => child === origin || this.#isToReturn(child));
    const taken = this.#takeOver(request);
    const scope = merge(request.scope, taken);
    const pending = merge(toReturn, taken);
    for (const child of pending) if (child.ref === undefined) child.stoppedBy("group");
    if (origin.ref === undefined) origin.status = "restarting";
    origin.nextAt = startAt;
    const operation = new RestartOperation({ origin, scope, pending, startAt, once }, this.#acts);
    this.#operations.add(operation);
    void operation.done.then(() => this.#operations.delete(operation));
  }

  /** Take from restarts under way what this one touches; a whole group's restart takes all. */
  #takeOver({ scope, byRequest }: RestartRequest): readonly Child[] {
    if (this.#operations.size === 0) return [];
    if (byRequest === undefined && this.#family.flags.strategy !== "one-for-one") {
      const taken = [...this.#operations].flatMap((operation) => operation.pending);
      this.callOff();
      return taken;
    }
    const taken = scope.filter((child) => child.operation !== undefined);
    const left = taken.flatMap((child) => child.operation?.drop(child) ?? []);
    tellLeftAtRest(
      this.#family,
      left.filter((child) => !taken.includes(child)),
    );
    return taken;
  }

  #isToReturn({ spec, status, by }: Child): boolean {
    if (spec.restart === "temporary") return false;
    if (status === "stopping") return false;
    if (status !== "stopped" || by === "group") return true;
    return this.#family.flags.reviveFinished;
  }

  async #stopForGroup(child: Child, operation: RestartOperation): Promise<boolean> {
    await this.#lives.stop(child, { type: "shutdown", cause: "parent" });
    if (child.status !== "stopping") return true;
    if (operation.isCause(child) && child.operation === operation) {
      child.status = "restarting";
      return true;
    }
    if (finishedBefore(child)) {
      this.#leave(child);
      return false;
    }
    child.stoppedBy("group");
    if (child.operation === undefined) tellGone(this.#family, child, "with-group");
    if (child.spec.restart !== "temporary") return true;
    if (isForgotten(this.#family, child)) forget(this.#family, child);
    this.#consequences.left(child);
    return true;
  }

  async #startAgain(child: Child, operation: RestartOperation): Promise<void> {
    const outcome = await this.#lives.start(child);
    if (outcome.type === "called-off") return;
    if (outcome.type === "failed") return this.#failedAgain(child, operation, outcome.reason);
    operation.release(child);
    if (outcome.type === "running") this.#cameBack(child, operation, outcome.ref.pid);
    else {
      tellGone(this.#family, child, "ignored");
      if (isForgotten(this.#family, child)) forget(this.#family, child);
    }
  }

  #cameBack(child: Child, operation: RestartOperation, pid: number): void {
    const { id, epoch } = child;
    const isOwn = operation.isCause(child);
    if (isOwn) child.restarts += 1;
    const type = isOwn ? "restarted" : "child-started";
    this.#family.emit({ type, id, pid, epoch });
  }

  #failedAgain(child: Child, operation: RestartOperation, reason: ExitReason): void {
    this.#family.emit({ type: "start-error", id: child.id, reason });
    if (isClosing(this.#family)) return;
    if (operation.once && child === operation.origin) {
      const { pending } = operation;
      operation.callOff();
      child.stoppedBy("api");
      tellGone(this.#family, child, "not-started");
      tellLeftAtRest(this.#family, pending);
    } else {
      operation.release(child);
      if (child.spec.restart === "temporary") this.#leave(child);
      else this.#restart(child, reason);
    }
  }
}

/** Whom to restart, and how. */
interface RestartRequest {
  readonly origin: Child;
  readonly scope: readonly Child[];
  readonly startAt: number;
  /** Somebody asked for it: it touches its own scope alone; `once`: a failure to start ends it. */
  readonly byRequest?: "once" | "by-policy";
}

function joinRestart(child: Child, operation: RestartOperation): void {
  child.status = "restarting";
  child.nextAt = operation.startAt;
  operation.join(child);
}

/** Tell whether a child that was to be stopped with its group had ended by itself, and well, just before. */
function finishedBefore({ spec, lastExit }: Child): boolean {
  if (spec.restart !== "transient" || lastExit === undefined) return false;
  const { reason } = lastExit;
  return isClean(reason) && !(reason.type === "shutdown" && reason.cause === "parent");
}

function wantsRestart({ restart }: ResolvedSpec, reason: ExitReason): boolean {
  if (restart === "permanent") return true;
  return restart === "transient" && !isClean(reason);
}

function mayRestart({ restartIf }: ResolvedSpec, reason: ExitReason): boolean {
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

function merge(some: readonly Child[], more: readonly Child[]): readonly Child[] {
  return more.length === 0 ? some : inStartOrder(new Set([...some, ...more]));
}
