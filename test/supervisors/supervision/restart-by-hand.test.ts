import { describe, expect, it } from "vitest";
import { refusal } from "../../conformance/family.ts";
import { begun, owned, statuses, tell } from "./owned-supervision.ts";

describe("a forced restart", () => {
  it("a forced restart stops a running child first, and counts nothing", async () => {
    const all = await owned({ intensity: { maxRestarts: 0 } });
    await begun(all, all.supervision, [all.W("a"), all.W("b", { dependsOn: "a" })]);
    const started = await all.supervision.restartChild("a", { force: true });
    expect(started).toMatchObject({ id: "a", ref: { epoch: 2 } });
    expect(all.take()).toEqual([
      "term b#1 shutdown",
      "term a#1 shutdown",
      "start a#2",
      "start b#2",
    ]);
  });

  it("a forced restart does not wait out a backoff", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [W("a", { backoff: { initialMs: 60_000 } })]);
    await tell(all, "a", "boom");
    await supervision.restartChild("a", { force: true });
    expect(statuses(supervision)).toBe("a running");
    expect(all.clock.pending).toBe(0);
  });

  it("a forced restart starts a temporary child whose slot was retained", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [W("a", { restart: "temporary", retain: true })]);
    await tell(all, "a", "boom");
    expect(statuses(supervision)).toBe("a stopped by self");
    await supervision.restartChild("a");
    expect(supervision.child("a")).toMatchObject({ status: "running", epoch: 2, restarts: 0 });
    await supervision.restartChild("a", { force: true });
    expect(supervision.child("a")).toMatchObject({ status: "running", epoch: 3 });
    await supervision.terminateChild("a");
    expect(statuses(supervision)).toBe("a stopped by api");
  });

  it("a forced restart of a stopped child that fails leaves it stopped", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [W("a", { initFail: 1, initFailFrom: 2 })]);
    await supervision.terminateChild("a");
    expect(await refusal(supervision.restartChild("a"))).toMatchObject({
      code: "start-failed",
      reason: { message: "init of a failed" },
    });
    expect(statuses(supervision)).toBe("a stopped by api");
    await supervision.restartChild("a");
    expect(statuses(supervision)).toBe("a running");
  });

  it("a forced restart that fails to start goes on by the child's policy", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    await begun(all, supervision, [W("a", { initFail: 1, initFailFrom: 2, backoff })]);
    const restarting = supervision.restartChild("a", { force: true });
    await clock.settle();
    expect(statuses(supervision)).toBe("a restarting");
    await clock.advance(100);
    expect(await restarting).toMatchObject({ id: "a" });
  });
});

describe("an exclusive child", () => {
  const exclusive = { exclusive: true, shutdownMs: 50, exclusiveTimeoutMs: 1_000 };

  it("an exclusive child starts again only when the code of the killed one has returned", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    await begun(all, supervision, [W("a", exclusive)]);
    await tell(all, "a", { ignore: 300 });
    const restarting = supervision.restartChild("a", { force: true });
    await clock.advance(299);
    expect(statuses(supervision)).toBe("a starting");
    await clock.advance(1);
    expect(await restarting).toMatchObject({ ref: { epoch: 2 } });
    expect(clock.pending).toBe(0);
  });

  it("an exclusive child is given up when what it left behind does not go away", async () => {
    const all = await owned();
    const { W, supervision, clock, ends } = all;
    await begun(all, supervision, [W("a", exclusive)]);
    await tell(all, "a", { ignore: 60_000 });
    const restarting = refusal(supervision.restartChild("a", { force: true }));
    await clock.advance(1_050);
    expect(await restarting).toMatchObject({ reason: { class: "lost", code: "left-behind" } });
    expect(ends).toMatchObject([{ cause: "not-retryable", detail: { child: "a" } }]);
  });

  it("an exclusive child can be terminated while it waits", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    await begun(all, supervision, [W("a", exclusive)]);
    await tell(all, "a", { ignore: 60_000 });
    const restarting = refusal(supervision.restartChild("a", { force: true }));
    await clock.advance(50);
    await supervision.terminateChild("a");
    expect(await restarting).toMatchObject({ code: "start-failed" });
    expect(statuses(supervision)).toBe("a stopped by api");
    await clock.advance(60_000);
    expect(statuses(supervision)).toBe("a stopped by api");
  });
});
