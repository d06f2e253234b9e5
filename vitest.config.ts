import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const source = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));
const ofMachines = process.env.RAMURE_TEST_MACHINES !== undefined;

/** They need engines: `npm run test:machines`. */
const engines = "test/machines/engines/**/*.test.ts";
/** Suites that measure or change the whole process, so each has one of its own. */
const alone = ["test/chaos.test.ts", "test/docs.test.ts"];

/** The longest suites, longest first, as measured on two quiet cores. */
const longest = [
  // It mostly waits.
  "test/actors/agent/pi/hung.test.ts",
  "test/chaos.test.ts",
  "test/actors/agent/pi/harness.test.ts",
  "test/actors/agent/pi/trouble.test.ts",
  "test/actors/agent/conformance/pi.test.ts",
  "test/cli/cli.test.ts",
  "test/actors/agent/pi/human.test.ts",
  "test/machines/tmux/tmux.test.ts",
  "test/package.test.ts",
  "test/supervisors/runtime/ends.test.ts",
  "test/actors/agent/pi/compaction.test.ts",
  "test/docs.test.ts",
];

/** The longest suites begin first, and the others run beside them; by itself vitest goes by the size of files. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

/** What both kinds of suites have: in a project, vitest takes nothing of this from above. */
const shared = {
  // Examples import the package by its name; the suites run them on the source.
  resolve: {
    alias: [
      { find: /^ramure$/, replacement: source("index.ts") },
      { find: /^ramure\/testing$/, replacement: source("testing.ts") },
      { find: /^ramure\/(actors|supervisors|machines)$/, replacement: source("$1/index.ts") },
    ],
  },
};
const suites = {
  pool: "forks",
  // Bounds for what hangs, the same for all; a busy machine is no failure.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { interval: 20, timeout: 120_000 } },
  restoreMocks: true,
} as const;

export default defineConfig({
  test: {
    globalSetup: ["test/setup/leaks.ts", "test/setup/programs.ts"],
    sequence: { sequencer: LongestFirst },
    // Suites with real processes wait as long as they work: twice as many as two cores, never so many that they starve each other.
    maxWorkers: Math.max(4, Math.min(8, availableParallelism())),
    retry: 0,
    teardownTimeout: 30_000,
    projects: [
      {
        ...shared,
        test: { ...suites, name: "alone", include: ofMachines ? [...alone, engines] : alone },
      },
      {
        ...shared,
        test: {
          ...suites,
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...alone, engines],
          // A worker starts once and reads the sources once for all its suites.
          isolate: false,
        },
      },
    ],
  },
});
