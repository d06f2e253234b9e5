import { InvalidSpecError } from "./errors.ts";

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

/** Fill in what an intensity leaves out. */
export function withLimits(intensity: Intensity | undefined): RestartLimits {
  const {
    maxRestarts = defaultLimits.maxRestarts,
    withinMs = defaultLimits.withinMs,
    maxConsecutive = defaultLimits.maxConsecutive,
  } = intensity ?? {};
  return { maxRestarts, withinMs, maxConsecutive };
}

/** Check that limits are numbers that can be counted with. */
export function checkLimits(where: string, limits: RestartLimits): void {
  if (!isCount(limits.maxRestarts) || !isCount(limits.maxConsecutive)) {
    throw new InvalidSpecError(
      "invalid-intensity",
      `${where}: maxRestarts and maxConsecutive are integers >= 0`,
    );
  }
  if (!(limits.withinMs > 0)) {
    throw new InvalidSpecError("invalid-period", `${where}: withinMs is a number of ms > 0`);
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
