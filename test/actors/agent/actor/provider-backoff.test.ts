import { expect, it } from "vitest";
import {
  createProviderBackoffs,
  providerOf,
} from "../../../../src/actors/agent/actor/provider-backoff.ts";
import { manualClock } from "../../../../src/actors/manual-clock.ts";

it("a provider's backoff counts fifty failures of one moment once, and lets nobody ask meanwhile", async () => {
  const clock = manualClock();
  const backoffs = createProviderBackoffs({ clock, random: () => 0 });
  const waits = Array.from({ length: 50 }, () => backoffs.failed("acme", { failures: 1 }));
  expect(new Set(waits)).toEqual(new Set([1_000]));
  expect(backoffs.waitMs("acme")).toBe(1_000);
  expect(backoffs.waitMs("other")).toBe(0);
  await clock.advance(1_000);
  expect(backoffs.waitMs("acme")).toBe(0);
  expect(backoffs.failed("acme", { failures: 2 })).toBe(2_000);
});

it("a provider's backoff waits as long as the provider asks for, and spreads those who wait", () => {
  const clock = manualClock();
  const draws = [0, 0.5, 1];
  const backoffs = createProviderBackoffs({ clock, random: () => draws.shift() ?? 0 });
  const failure = { failures: 1, retryAfterMs: 30_000 };
  expect([1, 2, 3].map(() => backoffs.failed("acme", failure))).toEqual([30_000, 33_000, 36_000]);
  backoffs.succeeded("acme");
  expect(backoffs.waitMs("acme")).toBe(0);
});

it("a provider's backoff tells a provider by the first part of its model's name", () => {
  expect(["acme/big/v2", "acme", undefined].map(providerOf)).toEqual(["acme", "acme", "unknown"]);
});
