import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup/leaks.ts"],
    pool: "forks",
    // Suites with real processes mostly wait; two at least, and never so many that they starve each other.
    maxWorkers: Math.max(2, Math.min(4, availableParallelism())),
    retry: 0,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 30_000,
    restoreMocks: true,
  },
});
