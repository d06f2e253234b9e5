import { describe, expect, it } from "vitest";
import { manualClock } from "../../src/actors/manual-clock.ts";
import { deferred, waiting, within } from "../../src/actors/wait.ts";

function limits(timeoutMs?: number) {
  const clock = manualClock();
  const controller = new AbortController();
  const expired = (ms: number) => new Error(`nothing came in ${ms} ms`);
  return { clock, controller, given: { clock, signal: controller.signal, timeoutMs, expired } };
}

describe("a wait", () => {
  it("a wait gives its event and stops listening once", async () => {
    const { clock, given } = limits(100);
    let stopped = 0;
    const value = await waiting<string>(given, ({ resolve, reject }) => {
      queueMicrotask(() => {
        resolve("here");
        reject(new Error("too late"));
      });
      return () => {
        stopped += 1;
      };
    });
    expect([value, stopped, clock.pending]).toEqual(["here", 1, 0]);
  });

  it("a wait stops listening also when its event comes while it subscribes", async () => {
    const { given } = limits();
    let stopped = 0;
    const value = await waiting<string>(given, ({ resolve }) => {
      resolve("at once");
      return () => {
        stopped += 1;
      };
    });
    expect([value, stopped]).toEqual(["at once", 1]);
  });

  it("a wait ends at its timeout, at its signal, and does not begin after an abort", async () => {
    const { clock, controller, given } = limits(100);
    const never = deferred<string>();
    const late = expect(within(never.promise, given)).rejects.toThrow("nothing came in 100 ms");
    await clock.advance(100);
    await late;
    const aborted = expect(within(never.promise, given)).rejects.toBe("enough");
    controller.abort("enough");
    await aborted;
    const subscribed: string[] = [];
    const subscribe = () => {
      subscribed.push("yes");
      return () => undefined;
    };
    await expect(waiting(given, subscribe)).rejects.toBe("enough");
    expect([subscribed, clock.pending]).toEqual([[], 0]);
  });

  it("a wait has no limit with a timeout of 0 or Infinity and no signal", async () => {
    const clock = manualClock();
    const expired = () => new Error("never");
    for (const timeoutMs of [0, Number.POSITIVE_INFINITY]) {
      const { promise, resolve } = deferred<string>();
      const waited = within(promise, { clock, timeoutMs, expired });
      expect(clock.pending).toBe(0);
      resolve("here");
      expect(await waited).toBe("here");
    }
  });
});
