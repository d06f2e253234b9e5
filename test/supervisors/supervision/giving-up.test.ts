import { describe, expect, it } from "vitest";
import { begun, owned, tell } from "./owned-supervision.ts";

describe("a child of a supervisor that is stopping", () => {
  it("a child of a supervisor that is stopping is reported when it fails before its turn to stop", async () => {
    const all = await owned();
    const { W, supervision, owner, clock, events } = all;
    await begun(all, supervision, [W("x"), W("slow", { termDelay: 100 })]);
    const stopping = owner.stop();
    await clock.advance(10);
    await tell(all, "x", "boom");
    await clock.advance(90);
    await stopping;
    expect(events.filter(({ type }) => type === "shutdown-error")).toMatchObject([
      { id: "x", reason: { type: "error", message: "boom" } },
    ]);
  });
});

describe("giving up", () => {
  it("giving up names the limit that was passed, its window and who took part", async () => {
    const intensity = { maxRestarts: 2, withinMs: 60_000 };
    const all = await owned({ strategy: "rest-for-one", intensity });
    await begun(all, all.supervision, [all.W("a"), all.W("t"), all.W("z")]);
    for (const id of ["z", "t", "z"]) await tell(all, id, "boom");
    const limit = {
      name: "maxRestarts",
      allowed: 2,
      withinMs: 60_000,
      failures: { z: 2, t: 1 },
    };
    expect(all.ends).toMatchObject([{ cause: "intensity", detail: { child: "z", limit } }]);
    expect(all.events.filter(({ type }) => type === "gave-up")).toMatchObject([{ limit }]);
  });

  it("giving up names the failures in a row when these were too many", async () => {
    const all = await owned({ intensity: { maxRestarts: 100, maxConsecutive: 1 } });
    const { W, supervision, clock, ends } = all;
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    await begun(all, supervision, [W("a", { backoff })]);
    await tell(all, "a", "boom");
    await clock.advance(100);
    await tell(all, "a", "boom");
    const limit = { name: "maxConsecutive", allowed: 1, failures: { a: 2 } };
    expect(ends).toMatchObject([{ detail: { limit } }]);
  });
});
