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

/** The restarts of late: what counts, and at most as much that no longer does. */
export class RestartWindow {
  readonly #limits: RestartLimits;
  #moments: number[] = [];
  /** Where the moments that still count begin. */
  #oldest = 0;

  constructor(limits: RestartLimits) {
    this.#limits = limits;
  }

  /** Count a restart at `now`; tell whether it is still allowed. The edge of the window is inside. */
  allows(now: number): boolean {
    this.#moments.push(now);
    return this.count(now) <= this.#limits.maxRestarts;
  }

  /** How many restarts the window holds at `now`. */
  count(now: number): number {
    while (now - (this.#moments[this.#oldest] ?? now) > this.#limits.withinMs) this.#oldest += 1;
    if (this.#oldest > this.#moments.length / 2) this.#compact();
    return this.#moments.length - this.#oldest;
  }

  #compact(): void {
    this.#moments = this.#moments.slice(this.#oldest);
    this.#oldest = 0;
  }
}
