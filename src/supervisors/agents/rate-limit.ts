import type { Clock } from "../../actors/clock.ts";
import { Ring } from "../../actors/ring.ts";

/** Lets something happen so often within a sliding window. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #rule: { readonly most: number; readonly withinMs: number };
  readonly #moments = new Ring<number>();

  constructor(clock: Clock, rule: { readonly most: number; readonly withinMs: number }) {
    this.#clock = clock;
    this.#rule = rule;
  }

  /** Count one now. Gives 0, or how many ms to wait until the next is allowed. */
  take(): number {
    const now = this.#clock.now();
    const { most, withinMs } = this.#rule;
    const isOver = (moment: number | undefined) => moment !== undefined && now - moment >= withinMs;
    while (isOver(this.#moments.at(0))) this.#moments.shift();
    const oldest = this.#moments.at(0);
    if (this.#moments.length >= most)
      return oldest === undefined ? withinMs : oldest + withinMs - now;
    this.#moments.push(now);
    return 0;
  }
}
