import { AsyncResource } from "node:async_hooks";
import { monotonicNow } from "../clock.ts";
import { Ring } from "../ring.ts";

/** An item that runs in the scheduler's turns. */
export interface Runnable {
  /** True while it waits in the run queue. Only the scheduler sets it. */
  queued: boolean;
}

export interface SchedulerOptions<Item extends Runnable> {
  /** Run one turn of the item. Must not throw. */
  readonly run: (item: Item) => void;
  /** Called after an item held the thread for longer than `blockedMs`. */
  readonly onBlocked?: ((item: Item, blockedMs: number) => void) | undefined;
  readonly blockedMs: number;
}

/** The time for which messages are handled before timers and sockets get their turn. */
const sliceMs = 1;
const longestStride = 128;
const settled = Promise.resolve();

/**
 * The run queue: it runs ready actors, one turn each, in the order in which they became ready.
 *
 * The first drain in a turn of the event loop is a microtask, so that a single call is fast. Once the
 * turn is older than a slice, the next drain waits for `setImmediate`. So neither messages nor
 * promises in a loop keep Node from its timers and sockets.
 */
export class Scheduler<Item extends Runnable> {
  readonly #ready = new Ring<Item>();
  readonly #run: (item: Item) => void;
  readonly #onBlocked: ((item: Item, blockedMs: number) => void) | undefined;
  readonly #blockedMs: number;
  /** The async scope in which the system was made. No handler inherits the scope of the code that woke the scheduler. */
  readonly #home = new AsyncResource("ramure");
  readonly #drain = () => this.#home.runInAsyncScope(this.#drainReady, this);
  #armed = false;
  /** The time at which the scheduler first saw the current turn of the event loop; 0 between turns. */
  #turnBegan = 0;
  #lastRead = 0;
  #stride = 1;
  #untilRead = 1;

  constructor({ run, onBlocked, blockedMs }: SchedulerOptions<Item>) {
    this.#run = run;
    this.#onBlocked = onBlocked;
    this.#blockedMs = blockedMs;
  }

  get idle(): boolean {
    return this.#ready.length === 0;
  }

  /** Queue a turn for the item, unless one is queued. */
  ready(item: Item): void {
    if (item.queued) return;
    item.queued = true;
    this.#ready.push(item);
    if (!this.#armed) this.#arm();
  }

  /** Count one handled message. Returns true when the slice is over and the turn must end. */
  spent(item: Item): boolean {
    this.#untilRead -= 1;
    if (this.#untilRead > 0) return false;
    return this.#readClock(item);
  }

  #arm(): void {
    this.#armed = true;
    const now = monotonicNow();
    this.#lastRead = now;
    if (this.#turnBegan === 0) this.#beginTurn(now);
    if (now - this.#turnBegan < sliceMs) void settled.then(this.#drain);
    else setImmediate(this.#drain);
  }

  #beginTurn(now: number): void {
    this.#turnBegan = now;
    setImmediate(() => {
      this.#turnBegan = 0;
    });
  }

  #drainReady(): void {
    if (this.#turnBegan === 0) {
      this.#lastRead = monotonicNow();
      this.#beginTurn(this.#lastRead);
    }
    this.#stride = 1;
    this.#untilRead = 1;
    try {
      this.#runSlice();
    } finally {
      this.#armed = false;
      if (this.#ready.length > 0) this.#arm();
    }
  }

  #runSlice(): void {
    let item = this.#ready.shift();
    while (item !== undefined) {
      item.queued = false;
      this.#run(item);
      if (this.#lastRead - this.#turnBegan >= sliceMs) return;
      item = this.#ready.shift();
    }
  }

  #readClock(item: Item): boolean {
    const now = monotonicNow();
    const elapsed = now - this.#lastRead;
    this.#lastRead = now;
    if (elapsed > this.#blockedMs) this.#onBlocked?.(item, elapsed);
    this.#stride = elapsed > sliceMs / 8 ? 1 : Math.min(longestStride, this.#stride * 2);
    this.#untilRead = this.#stride;
    return now - this.#turnBegan >= sliceMs;
  }
}
