import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const source = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));

/** The longest suite begins first, so that the others run beside it; by itself vitest goes by the size of files. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLongest = ({ moduleId }: TestSpecification) => moduleId.endsWith("/chaos.test.ts");
    const sorted = await super.sort(files);
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))];
  }
}

export default defineConfig({
  // Examples import the package by its name; the suites run them on the source.
  resolve: {
    alias: [
      { find: /^ramure$/, replacement: source("index.ts") },
      { find: /^ramure\/testing$/, replacement: source("testing.ts") },
      { find: /^ramure\/(actors|supervisors|machines)$/, replacement: source("$1/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // They need engines: `npm run test:machines`.
    exclude: process.env.RAMURE_TEST_MACHINES ? [] : ["test/machines/engines/**"],
    globalSetup: ["test/setup/leaks.ts", "test/setup/programs.ts"],
    pool: "forks",
    sequence: { sequencer: LongestFirst },
    // Suites with real processes mostly wait; two at least, and never so many that they starve each other.
    maxWorkers: Math.max(2, Math.min(4, availableParallelism())),
    retry: 0,
    // A bound for what hangs; a busy machine is no failure.
    testTimeout: process.env.RAMURE_TEST_MACHINES ? 180_000 : 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    restoreMocks: true,
  },
});
