import fc from "fast-check";

const { RAMURE_SIMULATE_SEEDS, RAMURE_SIMULATE_SEED, RAMURE_SIMULATE_PATH } = process.env;

/** The same stories in every `npm test`; `npm run simulate` tells others. */
const usualSeed = 1;

/** Random stories that a property is held to, as many and by the seed that `npm run simulate` says. */
export interface Stories {
  readonly count: number;
  /** Rejects with the shortest story that goes wrong, and the command that tells it again. */
  hold(property: fc.IAsyncProperty<unknown>): Promise<void>;
}

/** Plan the stories of a suite. `usual` is their number in `npm test`. */
export function storiesOf(suite: "model" | "storm", usual: number): Stories {
  const count = Number(RAMURE_SIMULATE_SEEDS ?? usual);
  return {
    count,
    hold: async (property) => {
      const told = await fc.check(property, {
        numRuns: count,
        seed: Number(RAMURE_SIMULATE_SEED ?? usualSeed),
        ...(RAMURE_SIMULATE_PATH === undefined ? {} : { path: RAMURE_SIMULATE_PATH }),
      });
      if (!told.failed) return;
      const { seed, counterexamplePath } = told;
      const words = `--only ${suite} --seed ${seed} --path ${counterexamplePath}`;
      const again = `Tell it again: npm run simulate -- ${words}`;
      throw new Error(`${fc.defaultReportMessage(told)}\n\n${again}`, {
        cause: told.errorInstance,
      });
    },
  };
}
