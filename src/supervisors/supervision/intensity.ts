import { checkOptions, type OptionKinds } from "../../options.ts";
import { InvalidSpecError } from "./errors.ts";
import type { ChildId } from "./strategy.ts";

/** The numbers of restarts beyond which a supervisor gives up. */
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

const kinds: OptionKinds<Intensity> = {
  maxRestarts: "number",
  withinMs: "number",
  maxConsecutive: "number",
};

/** Throw MisuseError for what an intensity cannot say. `what` is the subject of its message. */
export function checkIntensity(what: string, intensity: unknown): void {
  checkOptions(`${what}: intensity`, intensity, kinds);
}

/** The limit that was passed when a supervisor gave up. */
export interface PassedLimit {
  readonly name: /** Too many failures within the window. */
    | "maxRestarts"
    /** Too many failures of one child in a row. */
    | "maxConsecutive";
  /** The restarts that the limit allows. */
  readonly allowed: number;
  /** The window that was counted in; only with `maxRestarts`. */
  readonly withinMs?: number | undefined;
  /** The failures of each child that were counted, with the last one. */
  readonly failures: Readonly<Record<ChildId, number>>;
}

/** Say in words which limit was passed, and by which children. */
export function limitText({ name, allowed, withinMs = 0, failures }: PassedLimit): string {
  const counts = Object.entries(failures).sort(([, a], [, b]) => b - a);
  const who = counts.map(([id, count]) => `${id} ${count}`).join(", ");
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  const span = withinMs % 1_000 === 0 ? `${withinMs / 1_000} s` : `${withinMs} ms`;
  const where = name === "maxRestarts" ? `within ${span}` : "in a row";
  return `${sum} ${sum === 1 ? "failure" : "failures"} ${where} (${who}), and ${name} is ${allowed}`;
}

/** The restarts of late, in the order in which they happened. */
export class RestartWindow {
  readonly #limits: RestartLimits;
  #restarts: { readonly at: number; readonly id: ChildId }[] = [];
  /** The index of the first restart that still counts. */
  #oldest = 0;

  constructor(limits: RestartLimits) {
    this.#limits = limits;
  }

  /** Count a restart of a child at `now`. Tell whether it is still allowed. The edge of the window is inside. */
  allows(now: number, id: ChildId): boolean {
    this.#restarts.push({ at: now, id });
    return this.count(now) <= this.#limits.maxRestarts;
  }

  /** Tell how many restarts the window holds at `now`. */
  count(now: number): number {
    const { withinMs } = this.#limits;
    while (now - (this.#restarts[this.#oldest]?.at ?? now) > withinMs) this.#oldest += 1;
    if (this.#oldest > this.#restarts.length / 2) this.#compact();
    return this.#restarts.length - this.#oldest;
  }

  /** Count the restarts in the window by child. Call it after `count` or `allows`. */
  byChild(): Readonly<Record<ChildId, number>> {
    const counts = new Map<ChildId, number>();
    for (const { id } of this.#restarts.slice(this.#oldest)) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return Object.fromEntries(counts);
  }

  #compact(): void {
    this.#restarts = this.#restarts.slice(this.#oldest);
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
