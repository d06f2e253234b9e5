import type { Clock } from "../../actors/clock.ts";
import type { Child, ComingRestart } from "./child.ts";

/** What a restart does to children, one at a time. */
export interface RestartActs {
  readonly clock: Clock;
  /** Stop it, if it lives. Resolves to whether it is to be started again. */
  stop(child: Child, operation: RestartOperation): Promise<boolean>;
  /** Start it, and release it from the operation unless that was called off. */
  start(child: Child, operation: RestartOperation): Promise<void>;
}

/**
 * One restart: stop the scope in reverse, wait, start what is pending in start order.
 *
 * It can be called off at any moment; what it has not started by then is `pending` for whoever takes over.
 */
export class RestartOperation implements ComingRestart {
  /** Whose own ends it answers; the first began it, the others joined. */
  readonly #causes: Set<Child>;
  /** The origin's failure to start ends it. */
  readonly once: boolean;
  readonly done: Promise<void>;
  readonly #acts: RestartActs;
  /** When it starts what it stopped, on the clock's scale. */
  readonly startAt: number;
  readonly #scope: Child[];
  readonly #pending: Set<Child>;
  #calledOff = false;
  #starting = false;
  #wake: (() => void) | undefined;

  /** `scope` and `pending` are in start order; nothing is started before `startAt`. */
  constructor(
    plan: {
      readonly origin: Child;
      readonly scope: readonly Child[];
      readonly pending: readonly Child[];
      readonly startAt: number;
      readonly once: boolean;
    },
    acts: RestartActs,
  ) {
    this.#causes = new Set([plan.origin]);
    this.once = plan.once;
    this.#acts = acts;
    this.startAt = plan.startAt;
    this.#scope = [...plan.scope];
    this.#pending = new Set(plan.pending);
    for (const child of plan.pending) child.operation = this;
    this.done = this.#run();
  }

  /** It has come to starting, so that some of its children may run again. */
  get isStarting(): boolean {
    return this.#starting;
  }

  /** Whose end began it; when that one was dropped, the next that has one of its own. */
  get origin(): Child | undefined {
    const [origin] = this.#causes;
    return origin;
  }

  /** Tell whether this child is restarted for an end of its own, or only along with others. */
  isCause(child: Child): boolean {
    return this.#causes.has(child);
  }

  /** Start this one too; it comes after what is pending and has nothing to stop. */
  join(child: Child): void {
    this.#causes.add(child);
    this.#scope.push(child);
    this.#pending.add(child);
    child.operation = this;
  }

  /** What it is still going to start. */
  get pending(): readonly Child[] {
    return [...this.#pending];
  }

  /** Without its origin it starts only those that ended by themselves too; the others had no cause but that. */
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

  /** Take a child out, because it was started or because another restart takes it over. */
  release(child: Child): void {
    this.#pending.delete(child);
    if (child.operation === this) child.operation = undefined;
  }

  /** Do nothing more. What was being started is left to whoever called this off. */
  callOff(): void {
    this.#calledOff = true;
    for (const child of this.#pending) this.release(child);
    this.#wake?.();
  }

  async #run(): Promise<void> {
    await this.#stopScope();
    const delayMs = this.startAt - this.#acts.clock.now();
    if (delayMs > 0 && !this.#calledOff) await this.#wait(delayMs);
    await this.#startPending();
    this.callOff();
  }

  async #stopScope(): Promise<void> {
    for (const child of this.#scope.toReversed()) {
      if (this.#calledOff) return;
      if (!(await this.#acts.stop(child, this))) this.release(child);
    }
  }

  async #wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#acts.clock.setTimer(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  async #startPending(): Promise<void> {
    this.#starting = true;
    for (const child of this.#scope) {
      if (this.#calledOff) return;
      if (this.#pending.has(child)) await this.#acts.start(child, this);
    }
  }
}
