/** A handle of one timer. */
export interface ClockTimer {
  /** Make sure the callback is not called any more. Doing it twice is harmless. */
  cancel(): void;
}

/** Where time comes from. Tests move a manual one; nothing else in ramure reads the time. */
export interface Clock {
  /** Milliseconds on a monotonic scale; only differences mean something. */
  now(): number;
  /** Milliseconds since 1970, for people and files. */
  wallNow(): number;
  /** Call back once, `delayMs` from now. A delay beyond what Node's timers hold does not fire early. */
  setTimer(delayMs: number, callback: () => void): ClockTimer;
  /** Resolve `delayMs` from now; reject with the signal's reason when it aborts first. */
  sleep(delayMs: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** A clock that is moved by hand lets what is busy go first. Returns how to stop asking. */
  busyWhile?(isBusy: () => boolean): () => void;
}

/** The longest delay that Node's timers hold; a longer one would fire at once. */
const longestDelayMs = 2_147_483_647;

/** Milliseconds on the machine's own monotonic scale, whatever clock a system was given. */
export function monotonicNow(): number {
  return performance.now();
}

class SystemTimer implements ClockTimer {
  #timeout: NodeJS.Timeout | undefined;
  readonly #due: number;
  readonly #callback: () => void;

  constructor(delayMs: number, callback: () => void) {
    this.#due = performance.now() + delayMs;
    this.#callback = callback;
    this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #arm(delayMs: number): void {
    if (delayMs > longestDelayMs) {
      this.#timeout = setTimeout(() => this.#arm(this.#due - performance.now()), longestDelayMs);
      return;
    }
    this.#timeout = setTimeout(this.#callback, delayMs);
  }
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: monotonicNow,
  wallNow: () => Date.now(),
  setTimer: (delayMs, callback) => new SystemTimer(Math.max(0, delayMs), callback),
  sleep: (delayMs, options) => sleepOn(systemClock, delayMs, options?.signal),
};

/** Wait by the timers of `clock`: what every clock's `sleep` does. */
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
