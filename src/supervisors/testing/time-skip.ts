import { monotonicNow, systemClock } from "../../actors/clock.ts";
import type { ManualClock } from "../../actors/manual-clock.ts";
import type { OutsideWorld } from "./outside-world.ts";

/** The parts of a run under test that skipping time looks at. */
interface SkipParts {
  readonly clock: ManualClock;
  readonly outside: OutsideWorld;
  /** Counts what happened in the run. */
  readonly progress: () => number;
  /** The time, in real ms, in which nothing may happen before the run counts as hanging. */
  readonly hangMs: number;
}

/** Real time that is left to what cannot be seen from here, before a timer so far away fires. */
const pauses: readonly (readonly [skippedMs: number, pauseMs: number])[] = [
  [60_000, 20],
  [1_000, 5],
];

/** The time to wait, in real ms, for work that is under way outside. */
const lookMs = 1;

/** The pauses of all runs of this process: each is a timer of Node's own that nobody should wait for. */
let pausing = 0;

/** Moves the clock of a run to its next timer whenever nothing else can happen. */
export class TimeSkip {
  readonly #parts: SkipParts;
  #skipping: Promise<"over" | "hangs"> | undefined;

  constructor(parts: SkipParts) {
    this.#parts = parts;
  }

  /** The things outside the program that the run waits for, in words. */
  get outside(): readonly string[] {
    return this.#parts.outside.work(pausing);
  }

  /** Skip until `over` settles, or until nothing has happened for too long. Called twice, it skips once. */
  until(over: Promise<unknown>): Promise<"over" | "hangs"> {
    this.#skipping ??= this.#skip(over).finally(() => {
      this.#skipping = undefined;
    });
    return this.#skipping;
  }

  async #skip(over: Promise<unknown>): Promise<"over" | "hangs"> {
    const { clock, progress, hangMs } = this.#parts;
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    over.then(end, end);
    let seen = progress();
    let since = monotonicNow();
    for (;;) {
      await clock.settle();
      if (isOver) return "over";
      const isBusy = this.outside.length > 0;
      if (isBusy || progress() !== seen) {
        seen = progress();
        since = monotonicNow();
      }
      if (monotonicNow() - since > hangMs) return "hangs";
      if (isBusy || !(await this.#step())) await pause(lookMs);
    }
  }

  /** Let the next timer fire. Returns false when there is none, or something happened meanwhile. */
  async #step(): Promise<boolean> {
    const { clock, progress } = this.#parts;
    const due = clock.nextDue;
    if (due === undefined) return false;
    const skippedMs = due - clock.now();
    const [, pauseMs = 0] = pauses.find(([least]) => skippedMs >= least) ?? [];
    if (pauseMs > 0) {
      const before = progress();
      await pause(pauseMs);
      await clock.settle();
      const same = progress() === before && clock.nextDue === due && this.outside.length === 0;
      if (!same) return false;
    }
    await clock.advance(Math.max(0, due - clock.now()));
    return true;
  }
}

async function pause(ms: number): Promise<void> {
  pausing += 1;
  try {
    await systemClock.sleep(ms);
  } finally {
    pausing -= 1;
  }
}
