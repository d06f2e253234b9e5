import { startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import type { SupervisionEvent } from "../../../src/supervisors/supervision/child.ts";
import { refusal } from "../../conformance/family.ts";
import { world } from "../../conformance/world.ts";
import { begun, owned, statuses, tell } from "./owned-supervision.ts";

describe("a child's own intensity", () => {
  const own = { maxRestarts: 1, withinMs: 1_000 };

  it("a child's own intensity counts apart from its siblings", async () => {
    const all = await owned({ intensity: { maxRestarts: 0 } });
    const { W, supervision, ends } = all;
    await begun(all, supervision, [W("a", { intensity: own }), W("b", { intensity: own })]);
    await tell(all, "a", "boom");
    await tell(all, "b", "boom");
    expect(statuses(supervision)).toBe("a running, b running");
    await tell(all, "a", "boom");
    expect(statuses(supervision)).toBe("a stopped by self, b stopped by group");
    expect(ends).toMatchObject([{ cause: "intensity", detail: { child: "a" } }]);
  });

  it("a child's own intensity forgives after its own window", async () => {
    const all = await owned();
    await begun(all, all.supervision, [all.W("a", { intensity: own })]);
    await tell(all, "a", "boom");
    await all.clock.advance(1_001);
    await tell(all, "a", "boom");
    expect(statuses(all.supervision)).toBe("a running");
  });
});

describe("a child that ended well in the same moment", () => {
  it("a child that ended well in the same moment is not taken for one that its group stopped", async () => {
    const all = world();
    const { worker: W, clock, system } = all;
    const flags = { strategy: "one-for-all", autoShutdown: "all-significant" } as const;
    const sup = await startSupervisor(system, flags, [
      W("a"),
      W("t", { restart: "transient", significant: true, termDelay: 10 }),
    ]);
    system.whereis(`${sup.path}/t`)?.send({ done: 1 });
    await clock.settle();
    system.whereis(`${sup.path}/a`)?.send("boom");
    await clock.advance(10);
    expect(await sup.exited).toEqual({ type: "shutdown", cause: "auto-shutdown" });
  });
});

describe("the end of the owner", () => {
  it("the end of the owner stops all in reverse, and starts none any more", async () => {
    const all = await owned();
    const { W, supervision, owner, take } = all;
    await begun(all, supervision, [W("a"), W("b", { termDelay: 10 })]);
    await tell(all, "a", "boom");
    take();
    const stopping = owner.stop();
    await all.clock.advance(10);
    await stopping;
    expect(take()).toEqual(["term b#1 shutdown", "term a#2 shutdown"]);
    expect(await refusal(supervision.startChild(W("c")))).toMatchObject({ code: "stopped" });
  });

  it("the end of the owner calls off restarts that wait", async () => {
    const all = await owned();
    const { W, supervision, owner, clock } = all;
    await begun(all, supervision, [W("a", { backoff: {} })]);
    await tell(all, "a", "boom");
    await owner.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(statuses(supervision)).toBe("a stopped by group");
  });

  it("the end of the owner by a kill restarts nobody and says nothing", async () => {
    const all = await owned();
    const { W, supervision, owner, clock, ends, events } = all;
    await begun(all, supervision, [W("a"), W("b")]);
    const before = events.length;
    await owner.kill();
    await clock.settle();
    expect(all.system.tree().children).toEqual([]);
    expect([ends, events.length]).toEqual([[], before]);
  });
});

describe("the number of an attempt", () => {
  const numbers = (events: readonly SupervisionEvent[]) =>
    events.flatMap((event) =>
      event.type === "restarting" ? [`${event.attempt} of ${event.of}`] : [],
    );

  it("the number of an attempt counts what the window holds where that limit is nearest", async () => {
    const all = await owned({ intensity: { maxRestarts: 2, withinMs: 1_000 } });
    const { W, supervision, clock, events } = all;
    await begun(all, supervision, [W("a"), W("b")]);
    await tell(all, "a", "boom");
    await tell(all, "b", "boom");
    await clock.advance(1_001);
    await tell(all, "a", "boom");
    expect(numbers(events)).toEqual(["1 of 2", "2 of 2", "1 of 2"]);
  });

  it("the number of an attempt counts those in a row where that limit is nearest", async () => {
    const intensity = { maxRestarts: 100, withinMs: 1_000, maxConsecutive: 2 };
    const all = await owned({ intensity });
    const { W, supervision, clock, events } = all;
    await begun(all, supervision, [W("a", { backoff: { initialMs: 5_000, jitter: 0 } })]);
    for (const _ of [1, 2]) {
      await tell(all, "a", "boom");
      await clock.advance(10_000);
    }
    expect(numbers(events)).toEqual(["1 of 2", "2 of 2"]);
  });
});

describe("waits", () => {
  it("waits are raised by what the error asks for", async () => {
    const all = await owned();
    const busy = Object.assign(new Error("overloaded"), { retryAfterMs: 5_000 });
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    const start = () => ({ init: () => 0, receive: () => Promise.reject(busy) });
    await begun(all, all.supervision, [{ id: "a", backoff, start }]);
    await tell(all, "a", "go");
    expect(all.supervision.child("a")).toMatchObject({ status: "restarting", nextAt: 5_000 });
  });

  it("waits begin anew after a healthy period", async () => {
    const all = await owned({ intensity: { maxRestarts: 100 } });
    const { W, supervision, clock, events } = all;
    await begun(all, supervision, [
      W("a", { backoff: { initialMs: 100, maxMs: 1_000, jitter: 0 } }),
    ]);
    const expected = [100, 200, 100];
    for (const [turn, ranMs] of [0, 549, 550].entries()) {
      await clock.advance(ranMs);
      await tell(all, "a", "boom");
      await clock.advance(expected[turn] ?? 0);
    }
    const delays = events.flatMap((event) => (event.type === "restarting" ? [event.delayMs] : []));
    expect(delays).toEqual(expected);
  });
});
