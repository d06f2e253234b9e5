import type { Child, ComingRestart } from "./child.ts";

/** A restart that is to be made. */
export interface RestartPlan {
  /** The child whose end, or whose caller, began it. */
  readonly origin: Child;
  /** The children that it stops, in start order. */
  readonly scope: readonly Child[];
  /** The children that it starts, in start order. */
  readonly pending: readonly Child[];
  /** The earliest time of the first start, on the clock's scale. */
  readonly startAt: number;
  /** Set for a restart by request: a failure to start ends it, or is restarted by the child's policy. */
  readonly byRequest?: "once" | "by-policy" | undefined;
}

/**
 * The state of one restart: it stops its scope in reverse, waits, and starts what is pending in order.
 *
 * It can be cancelled at any moment; what it has not started by then is `pending` for the restart
 * that takes over.
 */
export class RestartOperation implements ComingRestart {
  readonly startAt: number;
  readonly byRequest: RestartPlan["byRequest"];
  /** True once the restart starts children, so that some of them may run again. */
  isStarting = false;
  /** Ends its wait; there while it waits. */
  wake: (() => void) | undefined;
  readonly done: Promise<void>;
  /** The children whose own ends it answers; the first began it, the others joined. */
  readonly #causes: Set<Child>;
  readonly #scope: Child[];
  readonly #pending: Set<Child>;
  #isCalledOff = false;

  /** `carryOut` does the work of the restart. */
  constructor(plan: RestartPlan, carryOut: (operation: RestartOperation) => Promise<void>) {
    this.startAt = plan.startAt;
    this.byRequest = plan.byRequest;
    this.#causes = new Set([plan.origin]);
    this.#scope = [...plan.scope];
    this.#pending = new Set(plan.pending);
    for (const child of plan.pending) child.operation = this;
    this.done = carryOut(this);
  }

  get isCalledOff(): boolean {
    return this.#isCalledOff;
  }

  /** The child whose end began it; when that one was dropped, the next that has an end of its own. */
  get origin(): Child | undefined {
    const [origin] = this.#causes;
    return origin;
  }

  /** All that it covers, in start order. */
  get scope(): readonly Child[] {
    return this.#scope;
  }

  /** The children that it is still going to start. */
  get pending(): readonly Child[] {
    return [...this.#pending];
  }

  isPending(child: Child): boolean {
    return this.#pending.has(child);
  }

  isCause(child: Child): boolean {
    return this.#causes.has(child);
  }

  /** Tell whether this child comes back after an end of its own. */
  answersEndOf(child: Child): boolean {
    return this.#causes.has(child) && (this.byRequest === undefined || child !== this.origin);
  }

  covers(child: Child): boolean {
    return !this.isStarting && this.byRequest !== "once" && this.#pending.has(child);
  }

  /** Start this child too, in its place. It must not run, and one before it must be pending. */
  join(child: Child): void {
    this.#causes.add(child);
    if (!this.#scope.includes(child)) {
      const next = this.#scope.findIndex(({ position }) => position > child.position);
      this.#scope.splice(next < 0 ? this.#scope.length : next, 0, child);
    }
    this.#pending.add(child);
    child.operation = this;
    child.status = "restarting";
    child.nextAt = this.startAt;
  }

  drop(child: Child): readonly Child[] {
    const wasOrigin = child === this.origin;
    this.#causes.delete(child);
    this.release(child);
    if (!wasOrigin) return [];
    const others = this.pending.filter((other) => !this.#causes.has(other));
    for (const other of others) this.release(other);
    if (this.#pending.size === 0) this.callOff();
    return others;
  }

  release(child: Child): void {
    this.#pending.delete(child);
    if (child.operation === this) child.operation = undefined;
  }

  /** Cancel the rest of the restart. The caller deals with a start that is under way. */
  callOff(): void {
    this.#isCalledOff = true;
    for (const child of this.#pending) this.release(child);
    this.wake?.();
  }
}
