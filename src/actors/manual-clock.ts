import { type Clock, type ClockTimer, sleepOn } from "./clock.ts";

/** A clock for tests: it stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Move the time forward by `ms`. Timers fire in the order of their times. All work that one timer
   * starts in this program has run before the next timer fires. Work that waits for files, sockets
   * or processes is not waited for.
   */
  advance(ms: number): Promise<void>;
  /** Run all work that can run while the time stands still. */
  settle(): Promise<void>;
  /** The number of timers that have not fired. */
  readonly pending: number;
  /** The time of the next timer, on the scale of `now()`; undefined: no timer is pending. */
  readonly nextDue: number | undefined;
}

/** 2026-01-01T00:00:00Z: every manual clock starts here. */
const startOfTime = 1_767_225_600_000;
/** The number of turns of the event loop after which time moves on. An endless exchange of messages never settles. */
const mostTurns = 1_000;

interface ManualTimer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Make a clock that tests move with `advance`.
 *
 * @example
 * ```ts
 * import { createSystem, manualClock } from "ramure/actors";
 *
 * const clock = manualClock();
 * const system = createSystem({ clock });
 * const beats: number[] = [];
 * system.spawn<"beat", null>({
 *   init: (context) => {
 *     context.timers.every("beat", 1_000, "beat");
 *     return null;
 *   },
 *   receive: (state, _message, context) => {
 *     beats.push(context.clock.now());
 *     return state;
 *   },
 * });
 * await clock.advance(3_000); // takes no time
 * console.log(beats); // [1000, 2000, 3000]
 * await system.stop();
 * ```
 */
export function manualClock(): ManualClock {
  return new SteppedClock();
}

class SteppedClock implements ManualClock {
  #now = 0;
  #order = 0;
  #moves: Promise<void> = Promise.resolve();
  readonly #timers = new Set<ManualTimer>();
  readonly #busy = new Set<() => boolean>();

  get pending(): number {
    return this.#timers.size;
  }

  get nextDue(): number | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.due;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return startOfTime + this.#now;
  }

  setTimer(delayMs: number, callback: () => void): ClockTimer {
    this.#order += 1;
    const timer = { due: this.#now + Math.max(0, delayMs), order: this.#order, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  sleep(delayMs: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    return sleepOn(this, delayMs, options?.signal);
  }

  busyWhile(isBusy: () => boolean): () => void {
    this.#busy.add(isBusy);
    return () => this.#busy.delete(isBusy);
  }

  advance(ms: number): Promise<void> {
    const move = this.#moves.then(() => this.#moveTo(this.#now + ms));
    this.#moves = move.catch(() => undefined);
    return move;
  }

  async settle(): Promise<void> {
    await turnOfLoop();
    await turnOfLoop();
    for (let turn = 0; turn < mostTurns && this.#isBusy(); turn += 1) await turnOfLoop();
    await turnOfLoop();
  }

  async #moveTo(target: number): Promise<void> {
    await this.settle();
    for (let timer = this.#next(target); timer !== undefined; timer = this.#next(target)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.due);
      timer.callback();
      await this.settle();
    }
    this.#now = target;
  }

  #next(target: number): ManualTimer | undefined {
    let first: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= target && (first === undefined || isEarlier(timer, first))) first = timer;
    }
    return first;
  }

  #isBusy(): boolean {
    for (const isBusy of this.#busy) if (isBusy()) return true;
    return false;
  }
}

function isEarlier(one: ManualTimer, other: ManualTimer): boolean {
  return one.due < other.due || (one.due === other.due && one.order < other.order);
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
