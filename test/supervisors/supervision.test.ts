import { describe, expect, it } from "vitest";
import { ignore } from "../../src/actors/behavior.ts";
import type { ExitReason } from "../../src/actors/exit-reason.ts";
import type { ChildSpec } from "../../src/supervisors/child-spec.ts";
import { createSupervision, type Supervision } from "../../src/supervisors/supervision.ts";
import type { SupervisionEvent } from "../../src/supervisors/supervision-event.ts";
import type { SupervisionFlags } from "../../src/supervisors/supervisor-flags.ts";
import { refusal, type World, world } from "../conformance/family.ts";

/** A supervision inside an actor that is no supervisor, as a process is. */
async function owned(flags: SupervisionFlags = {}) {
  const all = world();
  const events: SupervisionEvent[] = [];
  const ends: ExitReason[] = [];
  let supervision: Supervision | undefined;
  const owner = all.sys.kernel.spawn(
    {
      init: (context) => {
        supervision = createSupervision(context, flags, {
          onEvent: (event) => events.push(event),
          onGiveUp: (reason) => ends.push(reason),
          onAutoShutdown: (reason) => ends.push(reason),
        });
        return supervision;
      },
      receive: (state) => state,
      stopping: (state) => state.stopAll(),
    },
    { name: "owner", shutdownMs: "infinity" },
  );
  await owner.started;
  if (supervision === undefined) throw new Error("the owner did not start");
  return { ...all, owner, supervision, events, ends };
}

async function begun(all: World, supervision: Supervision, specs: readonly ChildSpec[]) {
  for (const spec of specs) {
    const starting = supervision.startChild(spec);
    await all.clock.settle();
    await starting;
  }
  all.take();
}

async function tell(all: World, id: string, message: unknown): Promise<void> {
  all.sys.whereis(`/owner/${id}`)?.send(message);
  await all.clock.settle();
}

function statuses(supervision: Supervision): string {
  return supervision
    .children()
    .map(({ id, status, by }) => `${id} ${by === undefined ? status : `stopped by ${by}`}`)
    .join(", ");
}

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

  it("go down with what they depend on, in reverse, and come back after it", async () => {
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

  it("leave what they depend on alone when they fail themselves", async () => {
    const all = await machineAndAgents();
    await tell(all, "agent", "boom");
    expect(all.take().slice(1)).toEqual([
      "term agent#1 error",
      "term tool#1 shutdown",
      "start agent#2",
      "start tool#2",
    ]);
  });

  it("stay down while it backs off, and are not restarted on their own meanwhile", async () => {
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

  it("join the restart of what they depend on, whatever they were waiting for", async () => {
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

  it("are stopped when it is terminated, and started when it is restarted", async () => {
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

  it("do not hold each other up when one of them cannot start", async () => {
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

  it("need a sibling that is there", async () => {
    const { supervision, W } = await owned();
    const failed = await refusal(supervision.startChild(W("agent", { dependsOn: "vm" })));
    expect(failed).toMatchObject({ code: "invalid-depends-on" });
  });
});

describe("a child's own intensity", () => {
  const own = { maxRestarts: 1, withinMs: 1_000 };

  it("counts apart from its siblings", async () => {
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

  it("forgives after its own window", async () => {
    const all = await owned();
    await begun(all, all.supervision, [all.W("a", { intensity: own })]);
    await tell(all, "a", "boom");
    await all.clock.advance(1_001);
    await tell(all, "a", "boom");
    expect(statuses(all.supervision)).toBe("a running");
  });
});

describe("a forced restart", () => {
  it("stops a running child first, and counts nothing", async () => {
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

  it("does not wait out a backoff", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [W("a", { backoff: { initialMs: 60_000 } })]);
    await tell(all, "a", "boom");
    await supervision.restartChild("a", { force: true });
    expect(statuses(supervision)).toBe("a running");
    expect(all.clock.pending).toBe(0);
  });

  it("starts a temporary child whose slot was retained", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [W("a", { restart: "temporary", retain: true })]);
    await tell(all, "a", "boom");
    expect(statuses(supervision)).toBe("a stopped by self");
    await supervision.restartChild("a");
    expect(supervision.child("a")).toMatchObject({ status: "running", epoch: 2, restarts: 1 });
    await supervision.restartChild("a", { force: true });
    expect(supervision.child("a")).toMatchObject({ status: "running", epoch: 3 });
    await supervision.terminateChild("a");
    expect(statuses(supervision)).toBe("a stopped by api");
  });

  it("of a stopped child that fails leaves it stopped", async () => {
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

  it("that fails to start goes on by the child's policy", async () => {
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

describe("a start that is called off", () => {
  it("by terminateChild rejects, and keeps nothing of a temporary child", async () => {
    const all = await owned();
    const { W, supervision, clock, journal } = all;
    const hanging = W("a", { initHang: true, restart: "temporary" });
    const starting = refusal(supervision.startChild(hanging));
    await clock.settle();
    expect(statuses(supervision)).toBe("a starting");
    await supervision.terminateChild("a");
    expect(await starting).toMatchObject({ code: "start-failed", child: "a" });
    expect(statuses(supervision)).toBe("");
    expect(journal).toEqual([]);
  });

  it("by its signal keeps nothing at all", async () => {
    const { W, supervision, clock } = await owned();
    const controller = new AbortController();
    const { signal } = controller;
    const starting = refusal(supervision.startChild(W("a", { initHang: true }), { signal }));
    await clock.settle();
    controller.abort();
    expect(await starting).toMatchObject({ code: "start-failed" });
    expect(statuses(supervision)).toBe("");
    await supervision.startChild(W("a"));
    expect(statuses(supervision)).toBe("a running");
  });

  it("by a signal that was aborted before never begins", async () => {
    const { W, supervision, journal, clock } = await owned();
    const signal = AbortSignal.abort();
    expect(await refusal(supervision.startChild(W("a"), { signal }))).toMatchObject({
      code: "start-failed",
    });
    await clock.settle();
    expect(journal).toEqual([]);
  });

  it("because it gave no behavior says what it should have given", async () => {
    const { supervision } = await owned();
    const starting = supervision.startChild({ id: "a", start: () => ({}) as never });
    expect(await refusal(starting)).toMatchObject({ reason: { code: "invalid-behavior" } });
  });

  it("by its time-out says so", async () => {
    const { W, supervision, clock } = await owned();
    const starting = refusal(
      supervision.startChild(W("a", { initHang: true, startTimeoutMs: 50 })),
    );
    await clock.advance(50);
    expect(await starting).toMatchObject({ reason: { type: "error", class: "start" } });
    expect(statuses(supervision)).toBe("");
  });

  it("does not hold up anything else meanwhile", async () => {
    const { W, supervision, clock } = await owned();
    const starting = refusal(supervision.startChild(W("a", { initHang: true })));
    await supervision.startChild(W("b"));
    expect(statuses(supervision)).toBe("a starting, b running");
    await supervision.stopAll();
    expect(await starting).toMatchObject({ code: "start-failed" });
    await clock.settle();
  });
});

describe("a child that ended well in the same moment", () => {
  it("is not taken for one that its group stopped", async () => {
    const all = world();
    const { W, clock, sys } = all;
    const flags = { strategy: "one_for_all", autoShutdown: "all_significant" };
    const sup = await sys.supervisor(flags, [
      W("a"),
      W("t", { restart: "transient", significant: true, termDelay: 10 }),
    ]);
    sys.whereis(`${sup.path}/t`)?.send({ done: 1 });
    await clock.settle();
    sys.whereis(`${sup.path}/a`)?.send("boom");
    await clock.advance(10);
    expect(await sup.exited).toEqual({ type: "shutdown", cause: "auto-shutdown" });
  });
});

describe("the end of the owner", () => {
  it("stops all in reverse, and starts none any more", async () => {
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

  it("calls off restarts that wait", async () => {
    const all = await owned();
    const { W, supervision, owner, clock } = all;
    await begun(all, supervision, [W("a", { backoff: {} })]);
    await tell(all, "a", "boom");
    await owner.stop();
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(statuses(supervision)).toBe("a stopped by group");
  });

  it("by a kill restarts nobody and says nothing", async () => {
    const all = await owned();
    const { W, supervision, owner, clock, ends, events } = all;
    await begun(all, supervision, [W("a"), W("b")]);
    const before = events.length;
    await owner.kill();
    await clock.settle();
    expect(all.sys.tree().children).toEqual([]);
    expect([ends, events.length]).toEqual([[], before]);
  });
});

describe("an exclusive child", () => {
  const exclusive = { exclusive: true, shutdownMs: 50, exclusiveTimeoutMs: 1_000 };

  it("starts again only when the code of the killed one has returned", async () => {
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

  it("is given up when what it left behind does not go away", async () => {
    const all = await owned();
    const { W, supervision, clock, ends } = all;
    await begun(all, supervision, [W("a", exclusive)]);
    await tell(all, "a", { ignore: 60_000 });
    const restarting = refusal(supervision.restartChild("a", { force: true }));
    await clock.advance(1_050);
    expect(await restarting).toMatchObject({ reason: { class: "lost", code: "left-behind" } });
    expect(ends).toMatchObject([{ cause: "not-retryable", detail: { child: "a" } }]);
  });

  it("can be terminated while it waits", async () => {
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

describe("waits", () => {
  it("are raised by what the error asks for", async () => {
    const all = await owned();
    const busy = Object.assign(new Error("overloaded"), { retryAfterMs: 5_000 });
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    const start = () => ({ init: () => 0, receive: () => Promise.reject(busy) });
    await begun(all, all.supervision, [{ id: "a", backoff, start }]);
    await tell(all, "a", "go");
    expect(all.supervision.child("a")).toMatchObject({ status: "restarting", nextAt: 5_000 });
  });

  it("begin anew after a healthy period", async () => {
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

describe("what happens meanwhile", () => {
  it("a child that fails during the first starts fails them all", async () => {
    const { sys, W, clock, take } = world();
    const starting = refusal(
      sys.supervisor({}, [W("a"), W("b", { initHang: true }), W("c")], { name: "sup" }),
    );
    await clock.settle();
    sys.whereis("/sup/a")?.send("boom");
    await clock.settle();
    expect(await starting).toMatchObject({ code: "start-failed", child: "a" });
    expect(take()).toEqual(["start a#1", "msg a#1 boom", "term a#1 error"]);
  });

  it("a supervisor that is stopped during the first starts unwinds before its end is known", async () => {
    const { sys, W, clock, journal } = world();
    const starting = refusal(
      sys.supervisor({}, [W("a", { termDelay: 10 }), W("b", { initHang: true })], { name: "sup" }),
    );
    await clock.settle();
    const sup = sys.whereis("/sup");
    void sup?.exited.then(() => journal.push("ended"));
    const stopping = sup?.stop();
    await clock.advance(10);
    await stopping;
    expect(journal).toEqual(["start a#1", "term a#1 shutdown", "ended"]);
    expect(await starting).toMatchObject({ code: "stopped" });
  });

  it("a start that ran into the restart of its group comes back with the group", async () => {
    const { sys, W, clock } = world();
    const sup = await sys.supervisor({ strategy: "one_for_all" }, [W("a")]);
    const starting = sup.startChild(W("b", { initDelay: 100 }));
    await clock.settle();
    sys.whereis(`${sup.path}/a`)?.send("boom");
    await clock.advance(100);
    expect(await starting).toMatchObject({ id: "b", ref: { epoch: 2 } });
  });

  it("ignored children are asked again when their group restarts", async () => {
    const all = world();
    let asked = 0;
    const sup = await all.sys.supervisor({ strategy: "one_for_all" }, [
      all.W("a"),
      {
        id: "b",
        start: () => {
          asked += 1;
          return ignore;
        },
      },
    ]);
    all.sys.whereis(`${sup.path}/a`)?.send("boom");
    await all.clock.settle();
    expect(asked).toBe(2);
    expect((await sup.children()).map(({ status }) => status)).toEqual(["running", "ignored"]);
  });

  it("an earlier child that fails while a later one starts takes the restart over, counted once each", async () => {
    const all = world();
    const { W, clock, sys } = all;
    const sup = await sys.supervisor({ strategy: "rest_for_one", intensity: 2 }, [W("a"), W("b")]);
    const adding = sup.startChild(W("c", { initDelay: 100 }));
    await clock.advance(100);
    await adding;
    sys.whereis(`${sup.path}/b`)?.send("boom");
    await clock.advance(50);
    sys.whereis(`${sup.path}/a`)?.send("boom");
    await clock.advance(100);
    expect(
      (await sup.children()).map(({ id, status, epoch }) => `${id} ${status} ${epoch}`),
    ).toEqual(["a running 2", "b running 3", "c running 3"]);
  });
});
