/** How many restarts are a hiccup, and how many a reason to give up. */
export interface Intensity {
  /** Restarts allowed within `withinMs`; one more and the supervisor gives up. Default: 3. */
  readonly maxRestarts?: number | undefined;
  /** The window that `maxRestarts` is counted in. Default: 5_000. */
  readonly withinMs?: number | undefined;
  /** Restarts of one child in a row without a healthy period; needed beside a backoff that outlasts the window. Default: 8. */
  readonly maxConsecutive?: number | undefined;
}

/** An intensity with every default filled in. */
export interface RestartLimits {
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly maxConsecutive: number;
}

export const defaultLimits: RestartLimits = { maxRestarts: 3, withinMs: 5_000, maxConsecutive: 8 };

/** The restarts of late, in a ring that never holds more than `maxRestarts` moments. */
export class RestartWindow {
  readonly #limits: RestartLimits;
  readonly #moments: number[] = [];
  #oldest = 0;

  constructor(limits: RestartLimits) {
    this.#limits = limits;
  }

  /** Count a restart at `now`; tell whether it is still allowed. The edge of the window is inside. */
  allows(now: number): boolean {
    const { maxRestarts, withinMs } = this.#limits;
    if (maxRestarts === 0) return false;
    if (this.#moments.length < maxRestarts) {
      this.#moments.push(now);
      return true;
    }
    const oldest = this.#moments[this.#oldest] ?? 0;
    this.#moments[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % maxRestarts;
    return now - oldest > withinMs;
  }

  /** How many restarts the window holds at `now`. */
  count(now: number): number {
    return this.#moments.filter((moment) => now - moment <= this.#limits.withinMs).length;
  }
}
