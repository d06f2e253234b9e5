/** A handle of one timer. */
export interface ClockTimer {
  /** Cancel the timer: its callback is not called any more. A second cancel does nothing. */
  cancel(): void;
}

/** The source of time. Nothing else in ramure reads the time; tests use a clock that they move. */
export interface Clock {
  /** Milliseconds on a monotonic scale; only differences mean something. */
  now(): number;
  /** Milliseconds since 1970, for people and files. */
  wallNow(): number;
  /** Call back once, `delayMs` from now. A delay longer than Node's timers can hold does not fire early. */
  setTimer(delayMs: number, callback: () => void): ClockTimer;
  /** Resolve `delayMs` from now; reject with the signal's reason when it aborts first. */
  sleep(delayMs: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Let a clock that is moved by hand wait while `isBusy` returns true. Returns a function that ends this. */
  busyWhile?(isBusy: () => boolean): () => void;
}

/** The longest delay that Node's timers can hold. A longer one would fire at once. */
const longestDelayMs = 2_147_483_647;

/** Read the machine's own monotonic time in milliseconds. A system's clock does not change it. */
export function monotonicNow(): number {
  return performance.now();
}

class SystemTimer implements ClockTimer {
  #timeout: NodeJS.Timeout | undefined;
  readonly #due: number;
  readonly #callback: () => void;
  readonly #keepsAlive: boolean;

  constructor(delayMs: number, callback: () => void, keepsAlive = true) {
    this.#due = performance.now() + delayMs;
    this.#callback = callback;
    this.#keepsAlive = keepsAlive;
    this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #arm(delayMs: number): void {
    if (delayMs > longestDelayMs) {
      this.#timeout = setTimeout(() => this.#arm(this.#due - performance.now()), longestDelayMs);
    } else this.#timeout = setTimeout(this.#callback, delayMs);
    if (!this.#keepsAlive) this.#timeout.unref();
  }
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: monotonicNow,
  wallNow: () => Date.now(),
  setTimer: (delayMs, callback) => new SystemTimer(Math.max(0, delayMs), callback),
  sleep: (delayMs, options) => sleepOn(systemClock, delayMs, options?.signal),
};

/** The machine's own time, with timers that keep no program alive: for the upkeep of sockets. */
export const upkeepClock: Clock = {
  ...systemClock,
  setTimer: (delayMs, callback) => new SystemTimer(Math.max(0, delayMs), callback, false),
  sleep: (delayMs, options) => sleepOn(upkeepClock, delayMs, options?.signal),
};

/** Wait by the timers of `clock`. Every clock's `sleep` is this. */
export function sleepOn(
  clock: Pick<Clock, "setTimer">,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const aborted = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    });
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
