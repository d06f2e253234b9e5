import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (file: string) => fileURLToPath(new URL(`src/${file}`, import.meta.url));

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
    globalSetup: ["test/setup/leaks.ts"],
    pool: "forks",
    // Suites with real processes mostly wait; two at least, and never so many that they starve each other.
    maxWorkers: Math.max(2, Math.min(4, availableParallelism())),
    retry: 0,
    // A bound for what hangs; a busy machine is no failure.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    restoreMocks: true,
  },
});
