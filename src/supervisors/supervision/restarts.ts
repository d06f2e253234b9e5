import { type ExitReason, isClean } from "../../actors/kernel/index.ts";
import type { Attempts } from "./attempts.ts";
import type { Child } from "./child.ts";
import { inStartOrder } from "./child-table.ts";
import {
  type ChildrenState,
  forgetUnlessKept,
  isClosing,
  parted,
  tellGone,
  tellLeftAtRest,
} from "./children-state.ts";
import { RestartOperation, type RestartPlan } from "./restart-operation.ts";
import { stoppedWith, touched } from "./strategy.ts";

/** Decides over what happens to children during a restart. */
interface RestartEnds {
  startFailed(child: Child, reason: ExitReason): void;
  leave(child: Child): void;
  leaveWithGroup(child: Child): void;
}

/** Makes restarts and carries them out. */
export class Restarts {
  readonly #state: ChildrenState;
  readonly #attempts: Attempts;
  readonly #ends: RestartEnds;
  readonly #operations = new Set<RestartOperation>();

  constructor(state: ChildrenState, attempts: Attempts, ends: RestartEnds) {
    this.#state = state;
    this.#attempts = attempts;
    this.#ends = ends;
  }

  /** Restart a child that ended, in `waitMs`, or with the restart that it joins. `announce` gets the wait that is left. */
  afterEnd(child: Child, waitMs: number, announce: (waitMs: number) => void): void {
    const now = this.#state.context.clock.now();
    const joined = this.#restartToJoin(child);
    const startAt = joined?.startAt ?? now + waitMs;
    announce(Math.max(0, startAt - now));
    if (joined === undefined) this.#begin({ origin: child, scope: this.#scopeOf(child), startAt });
    else joined.join(child);
  }

  /** Restart a child by request: at once, uncounted, and with its failures forgotten. No sibling but its dependents is touched. */
  byRequest(origin: Child, byRequest: "once" | "by-policy"): void {
    const scope = this.#state.children.withDependents(origin);
    origin.failures = 0;
    const startAt = this.#state.context.clock.now();
    this.#begin({ origin, scope, startAt, byRequest });
  }

  /** Call off every restart under way. */
  callOff(): void {
    for (const operation of this.#operations) operation.callOff();
  }

  /** Tell whether a restart under way is about to stop this child, and will not start it again. */
  takesAway(child: Child): boolean {
    if (child.spec.restart !== "temporary") return false;
    for (const { isStarting, isCalledOff, scope } of this.#operations) {
      if (!isStarting && !isCalledOff && scope.includes(child)) return true;
    }
    return false;
  }

  /** Find the restart of the group that will start those before `child`, if it can start `child` as well. */
  #restartToJoin(child: Child): RestartOperation | undefined {
    const { strategy } = this.#state.flags;
    if (strategy === "one-for-one") return undefined;
    for (const operation of this.#operations) {
      const [first] = operation.pending;
      if (first === undefined || first.position > child.position) continue;
      if (strategy === "rest-for-one" || !operation.isStarting) return operation;
    }
    return undefined;
  }

  #scopeOf(child: Child): readonly Child[] {
    const { flags, children } = this.#state;
    if (flags.strategy === "one-for-one") return children.withDependents(child);
    const order = children.inOrder();
    const ids = order.map(({ id }) => id);
    const scope = new Set(touched(flags.strategy, ids, child.id));
    return order.filter(({ id }) => scope.has(id));
  }

  #begin(request: Omit<RestartPlan, "pending">): void {
    const { origin, startAt } = request;
    const toReturn = request.scope.filter((child) => child === origin || this.#isToReturn(child));
    const taken = this.#takeOver(request);
    const scope = merge(request.scope, taken);
    const pending = merge(toReturn, taken);
    for (const child of pending) {
      if (child.ref === undefined) child.stoppedBy("group");
      if (child.spec.significant) this.#state.significant.add(child);
    }
    if (origin.ref === undefined) origin.status = "restarting";
    origin.nextAt = startAt;
    const plan: RestartPlan = { ...request, scope, pending };
    const operation = new RestartOperation(plan, (made) => this.#carryOut(made));
    this.#operations.add(operation);
    void operation.done.then(() => this.#operations.delete(operation));
  }

  /** Take from restarts under way what this one touches; a whole group's restart takes all. */
  #takeOver({ scope, byRequest }: Omit<RestartPlan, "pending">): readonly Child[] {
    if (this.#operations.size === 0) return [];
    if (byRequest === undefined && this.#state.flags.strategy !== "one-for-one") {
      const taken = [...this.#operations].flatMap((operation) => operation.pending);
      this.callOff();
      return taken;
    }
    const taken = scope.filter((child) => child.operation !== undefined);
    const left = taken.flatMap((child) => child.operation?.drop(child) ?? []);
    tellLeftAtRest(
      this.#state,
      left.filter((child) => !taken.includes(child)),
    );
    return taken;
  }

  #isToReturn({ spec, status, by }: Child): boolean {
    if (spec.restart === "temporary") return false;
    if (status === "stopping") return false;
    if (status !== "stopped" || by === "group") return true;
    return this.#state.flags.reviveFinished;
  }

  async #carryOut(operation: RestartOperation): Promise<void> {
    for (const child of operation.scope.toReversed()) {
      if (operation.isCalledOff) return;
      await this.#stop(child, operation);
    }
    await this.#wait(operation);
    operation.isStarting = true;
    for (const child of operation.scope) {
      if (operation.isCalledOff) return;
      if (operation.isPending(child)) await this.#startAgain(child, operation);
    }
    operation.callOff();
  }

  async #wait(operation: RestartOperation): Promise<void> {
    const { clock } = this.#state.context;
    const delayMs = operation.startAt - clock.now();
    if (delayMs <= 0 || operation.isCalledOff) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(delayMs, resolve);
      operation.wake = () => {
        timer.cancel();
        resolve();
      };
    });
    operation.wake = undefined;
  }

  async #stop(child: Child, operation: RestartOperation): Promise<void> {
    await this.#attempts.stop(child, this.#partingReason(child, operation));
    if (child.status !== "stopping") return;
    if (operation.isCause(child) && child.operation === operation) {
      child.status = "restarting";
      return;
    }
    if (!this.#state.flags.reviveFinished && finishedBefore(child)) {
      operation.release(child);
      this.#ends.leave(child);
      return;
    }
    child.stoppedBy("group");
    if (child.operation === undefined) tellGone(this.#state, child, "with-group");
    if (child.spec.restart === "temporary") this.#ends.leaveWithGroup(child);
  }

  #partingReason(child: Child, { origin, byRequest }: RestartOperation): ExitReason {
    const { strategy } = this.#state.flags;
    if (origin === undefined || origin === child) return parted;
    const isDependent = byRequest !== undefined || strategy === "one-for-one";
    return stoppedWith(origin.id, "parent", isDependent ? "dependsOn" : strategy);
  }

  async #startAgain(child: Child, operation: RestartOperation): Promise<void> {
    const outcome = await this.#attempts.start(child);
    switch (outcome.type) {
      case "called-off":
        return;
      case "failed":
        this.#failedAgain(child, operation, outcome.reason);
        return;
      case "running":
        operation.release(child);
        this.#cameBack(child, operation, outcome.ref.pid);
        return;
      case "ignored":
        operation.release(child);
        tellGone(this.#state, child, "ignored");
        forgetUnlessKept(this.#state, child);
        return;
      default:
        outcome satisfies never;
    }
  }

  #cameBack(child: Child, operation: RestartOperation, pid: number): void {
    const { id, epoch } = child;
    const isOwn = operation.answersEndOf(child);
    if (isOwn) child.restarts += 1;
    this.#state.emit({ type: isOwn ? "restarted" : "child-started", id, pid, epoch });
  }

  #failedAgain(child: Child, operation: RestartOperation, reason: ExitReason): void {
    this.#state.emit({ type: "start-error", id: child.id, reason });
    if (isClosing(this.#state)) return;
    if (operation.byRequest !== "once" || child !== operation.origin) {
      operation.release(child);
      this.#ends.startFailed(child, reason);
      return;
    }
    const { pending } = operation;
    operation.callOff();
    child.stoppedBy("api");
    tellGone(this.#state, child, "not-started");
    tellLeftAtRest(this.#state, pending);
  }
}

/** Tell whether a child that was to be stopped with its group had ended by itself, and well, just before. */
function finishedBefore({ spec, lastExit }: Child): boolean {
  if (spec.restart !== "transient" || lastExit === undefined) return false;
  const { reason } = lastExit;
  return isClean(reason) && !(reason.type === "shutdown" && reason.cause === "parent");
}

function merge(some: readonly Child[], more: readonly Child[]): readonly Child[] {
  return more.length === 0 ? some : inStartOrder(new Set([...some, ...more]));
}
