import { describe, expect, it } from "vitest";
import {
  type Backoff,
  backoffPolicy,
  delayMs,
  isHealthy,
} from "../../../src/supervisors/supervision/backoff.ts";

const plain: Backoff = { initialMs: 10, maxMs: 80, jitter: 0 };

describe("delayMs", () => {
  it.each<[string, Backoff | undefined, readonly number[]]>([
    ["doubles up to the cap", plain, [10, 20, 40, 80, 80, 80]],
    ["grows by the given factor", { ...plain, factor: 3 }, [10, 30, 80, 80, 80, 80]],
    ["stays the same at factor 1", { ...plain, factor: 1 }, [10, 10, 10, 10, 10, 10]],
    ["is nothing without a policy", undefined, [0, 0, 0, 0, 0, 0]],
    ["is nothing when it begins at 0", { ...plain, initialMs: 0 }, [0, 0, 0, 0, 0, 0]],
    ["has defaults of 1 s to 60 s", { jitter: 0 }, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]],
  ])("delayMs %s", (_title, backoff, expected) => {
    const policy = backoffPolicy(backoff);
    expect([0, 1, 2, 3, 4, 5].map((failures) => delayMs(policy, failures))).toEqual(expected);
  });

  it("delayMs adds its random part after the cap", () => {
    const policy = backoffPolicy({ ...plain, jitter: 0.5 });
    expect(delayMs(policy, 9, () => 0)).toBe(80);
    expect(delayMs(policy, 9, () => 0.5)).toBe(100);
  });

  it("delayMs survives any number of failures", () => {
    expect(delayMs(backoffPolicy(plain), 5_000)).toBe(80);
  });
});

describe("isHealthy", () => {
  it.each<[Backoff | undefined, number, boolean]>([
    [plain, 44, false],
    [plain, 45, true],
    [{ ...plain, resetAfterMs: 1_000 }, 999, false],
    [{ ...plain, resetAfterMs: 1_000 }, 1_000, true],
    [undefined, 0, true],
  ])("isHealthy under %j a run of %i ms: %s", (backoff, ranMs, expected) => {
    expect(isHealthy(backoffPolicy(backoff), ranMs)).toBe(expected);
  });
});
