import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { callAfter, pause, poll } from "../../../src/machines/local/clock.ts";

describe("The host's clock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("the host's clock pauses until the time has come or the signal aborts, and leaves no timer", async () => {
    const controller = new AbortController();
    const paused = [pause(100), pause(1_000_000, controller.signal), pause(5, AbortSignal.abort())];
    controller.abort();
    await vi.advanceTimersByTimeAsync(100);
    await Promise.all(paused);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("the host's clock calls back once, or never when called off", async () => {
    const called: string[] = [];
    callAfter(10, () => called.push("first"));
    callAfter(10, () => called.push("called off"))();
    await vi.advanceTimersByTimeAsync(50);
    expect(called).toEqual(["first"]);
  });

  it.each([undefined, 0, -1, Number.POSITIVE_INFINITY, 2 ** 31])(
    "the host's clock never calls back after %s ms",
    (ms) => {
      callAfter(ms, () => {});
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("the host's clock asks until it is told true, and for a bounded time", async () => {
    let asked = 0;
    const third = poll(() => ++asked === 3, { withinMs: 1_000 });
    const never = poll(async () => false, { withinMs: 1_000, everyMs: 100 });
    await vi.advanceTimersByTimeAsync(1_100);
    expect([await third, asked, await never]).toEqual([true, 3, false]);
  });
});
