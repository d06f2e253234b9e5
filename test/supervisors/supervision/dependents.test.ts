import { describe, expect, it } from "vitest";
import { refusal } from "../../conformance/family.ts";
import { begun, owned, statuses, tell } from "./owned-supervision.ts";

describe("children that depend on each other", () => {
  async function machineAndAgents() {
    const all = await owned();
    const { W } = all;
    await begun(all, all.supervision, [
      W("vm"),
      W("agent", { dependsOn: "vm" }),
      W("other"),
      W("tool", { dependsOn: "agent" }),
    ]);
    return all;
  }

  it("children that depend on each other go down with what they depend on, in reverse, and come back after it", async () => {
    const all = await machineAndAgents();
    await tell(all, "vm", "boom");
    expect(all.take().slice(1)).toEqual([
      "term vm#1 error",
      "term tool#1 shutdown",
      "term agent#1 shutdown",
      "start vm#2",
      "start agent#2",
      "start tool#2",
    ]);
    const restarts = all.supervision.children().map(({ id, restarts }) => [id, restarts]);
    expect(restarts).toEqual([
      ["vm", 1],
      ["agent", 0],
      ["other", 0],
      ["tool", 0],
    ]);
  });

  it("children that depend on each other leave what they depend on alone when they fail themselves", async () => {
    const all = await machineAndAgents();
    await tell(all, "agent", "boom");
    expect(all.take().slice(1)).toEqual([
      "term agent#1 error",
      "term tool#1 shutdown",
      "start agent#2",
      "start tool#2",
    ]);
  });

  it("children that depend on each other stay down while it backs off, and are not restarted on their own meanwhile", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    await begun(all, supervision, [
      W("vm", { backoff: { initialMs: 100, maxMs: 100, jitter: 0 } }),
      W("agent", { dependsOn: "vm" }),
    ]);
    await tell(all, "vm", "boom");
    expect(statuses(supervision)).toBe("vm restarting, agent stopped by group");
    expect(await refusal(supervision.restartChild("agent"))).toMatchObject({ code: "restarting" });
    await clock.advance(100);
    expect(statuses(supervision)).toBe("vm running, agent running");
  });

  it("children that depend on each other join the restart of what they depend on, whatever they were waiting for", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [
      W("vm"),
      W("agent", { dependsOn: "vm", backoff: { initialMs: 60_000, maxMs: 60_000 } }),
    ]);
    await tell(all, "agent", "boom");
    expect(statuses(supervision)).toBe("vm running, agent restarting");
    await tell(all, "vm", "boom");
    expect(statuses(supervision)).toBe("vm running, agent running");
    expect(all.clock.pending).toBe(0);
  });

  it("children that depend on each other are stopped when it is terminated, and started when it is restarted", async () => {
    const all = await machineAndAgents();
    await all.supervision.terminateChild("vm");
    expect(all.take()).toEqual([
      "term tool#1 shutdown",
      "term agent#1 shutdown",
      "term vm#1 shutdown",
    ]);
    expect(statuses(all.supervision)).toBe(
      "vm stopped by api, agent stopped by group, other running, tool stopped by group",
    );
    await all.supervision.restartChild("vm");
    expect(all.take()).toEqual(["start vm#2", "start agent#2", "start tool#2"]);
  });

  it("children that depend on each other do not hold each other up when one of them cannot start", async () => {
    const all = await owned();
    const { W, supervision } = all;
    const slow = { initialMs: 60_000, maxMs: 60_000 };
    await begun(all, supervision, [
      W("vm"),
      W("bad", { dependsOn: "vm", initFail: 99, initFailFrom: 2, backoff: slow }),
      W("good", { dependsOn: "vm" }),
    ]);
    await tell(all, "vm", "boom");
    expect(statuses(supervision)).toBe("vm running, bad restarting, good running");
  });

  it("children that are added while the one they depend on backs off start after it", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    await begun(all, supervision, [W("vm", { backoff })]);
    await tell(all, "vm", "boom");
    const starting = supervision.startChild(W("agent", { dependsOn: "vm" }));
    await clock.advance(99);
    expect(statuses(supervision)).toBe("vm restarting, agent starting");
    await clock.advance(1);
    expect(await starting).toMatchObject({ id: "agent", ref: { epoch: 1 } });
    expect(all.take().slice(2)).toEqual(["start vm#2", "start agent#1"]);
  });

  it("children that are added while the one they depend on backs off are started once when it fails again meanwhile", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    await begun(all, supervision, [W("vm", { backoff, initFail: 1, initFailFrom: 2 })]);
    await tell(all, "vm", "boom");
    const starting = supervision.startChild(W("agent", { dependsOn: "vm", exclusive: true }));
    await clock.advance(200);
    expect(await starting).toMatchObject({ id: "agent", ref: { epoch: 1 } });
    expect(all.take().slice(2)).toEqual(["start vm#3", "start agent#1"]);
    expect(clock.pending).toBe(0);
  });

  it("children that are added while the one they depend on backs off can be called off", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    await begun(all, supervision, [W("vm", { backoff: {} })]);
    await tell(all, "vm", "boom");
    const controller = new AbortController();
    const { signal } = controller;
    const starting = refusal(supervision.startChild(W("agent", { dependsOn: "vm" }), { signal }));
    await clock.settle();
    controller.abort();
    await clock.advance(10_000);
    expect(await starting).toMatchObject({ code: "start-failed" });
    expect(statuses(supervision)).toBe("vm running");
  });

  it("children that depend on each other need a sibling that is there", async () => {
    const { supervision, W } = await owned();
    const failed = await refusal(supervision.startChild(W("agent", { dependsOn: "vm" })));
    expect(failed).toMatchObject({ code: "invalid-depends-on" });
  });
});
