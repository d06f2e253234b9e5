import type { Clock } from "../../actors/clock.ts";

/** Lets something happen so often within a sliding window. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #rule: { readonly most: number; readonly withinMs: number };
  readonly #moments: number[] = [];

  constructor(clock: Clock, rule: { readonly most: number; readonly withinMs: number }) {
    this.#clock = clock;
    this.#rule = rule;
  }

  /** Count one now. Gives 0, or how many ms to wait until the next is allowed. */
  take(): number {
    const now = this.#clock.now();
    const { most, withinMs } = this.#rule;
    while (this.#moments.length > 0 && now - (this.#moments[0] ?? now) >= withinMs) {
      this.#moments.shift();
    }
    const [oldest] = this.#moments;
    if (this.#moments.length >= most && oldest !== undefined) return oldest + withinMs - now;
    this.#moments.push(now);
    return 0;
  }
}
