import { startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import { ignore } from "../../../src/actors/kernel/behavior.ts";
import { refusal } from "../../conformance/family.ts";
import { world } from "../../conformance/world.ts";
import { owned, statuses } from "./owned-supervision.ts";

describe("a start that is called off", () => {
  it("a start that is called off by terminateChild rejects, and keeps nothing of a temporary child", async () => {
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

  it("a start that is called off by its signal keeps nothing at all", async () => {
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

  it("a start that is called off by a signal that was aborted before never begins", async () => {
    const { W, supervision, journal, clock } = await owned();
    const signal = AbortSignal.abort();
    expect(await refusal(supervision.startChild(W("a"), { signal }))).toMatchObject({
      code: "start-failed",
    });
    await clock.settle();
    expect(journal).toEqual([]);
  });

  it("a start that is called off because it gave no behavior says what it should have given", async () => {
    const { supervision } = await owned();
    const starting = supervision.startChild({ id: "a", start: () => ({}) as never });
    expect(await refusal(starting)).toMatchObject({ reason: { code: "invalid-behavior" } });
  });

  it("a start that is called off by its time-out says so", async () => {
    const { W, supervision, clock } = await owned();
    const starting = refusal(
      supervision.startChild(W("a", { initHang: true, startTimeoutMs: 50 })),
    );
    await clock.advance(50);
    expect(await starting).toMatchObject({ reason: { type: "error", class: "start" } });
    expect(statuses(supervision)).toBe("");
  });

  it("a start that is called off does not hold up anything else meanwhile", async () => {
    const { W, supervision, clock } = await owned();
    const starting = refusal(supervision.startChild(W("a", { initHang: true })));
    await supervision.startChild(W("b"));
    expect(statuses(supervision)).toBe("a starting, b running");
    await supervision.stopAll();
    expect(await starting).toMatchObject({ code: "start-failed" });
    await clock.settle();
  });
});

describe("what happens meanwhile", () => {
  it("a child that fails during the first starts fails them all", async () => {
    const { system, worker: W, clock, take } = world();
    const starting = refusal(
      startSupervisor(system, { name: "sup" }, [W("a"), W("b", { initHang: true }), W("c")]),
    );
    await clock.settle();
    system.whereis("/sup/a")?.send("boom");
    await clock.settle();
    expect(await starting).toMatchObject({ code: "start-failed", child: "a" });
    expect(take()).toEqual(["start a#1", "msg a#1 boom", "term a#1 error"]);
  });

  it("a supervisor that is stopped during the first starts unwinds before its end is known", async () => {
    const { system, worker: W, clock, journal } = world();
    const starting = refusal(
      startSupervisor(system, { name: "sup" }, [
        W("a", { termDelay: 10 }),
        W("b", { initHang: true }),
      ]),
    );
    await clock.settle();
    const sup = system.whereis("/sup");
    void sup?.exited.then(() => journal.push("ended"));
    const stopping = sup?.stop();
    await clock.advance(10);
    await stopping;
    expect(journal).toEqual(["start a#1", "term a#1 shutdown", "ended"]);
    expect(await starting).toMatchObject({ code: "stopped" });
  });

  it("a start that ran into the restart of its group comes back with the group", async () => {
    const { system, worker: W, clock } = world();
    const sup = await startSupervisor(system, { strategy: "one-for-all" }, [W("a")]);
    const starting = sup.startChild(W("b", { initDelay: 100 }));
    await clock.settle();
    system.whereis(`${sup.path}/a`)?.send("boom");
    await clock.advance(100);
    expect(await starting).toMatchObject({ id: "b", ref: { epoch: 2 } });
  });

  it("ignored children are asked again when their group restarts", async () => {
    const all = world();
    let asked = 0;
    const sup = await startSupervisor(all.system, { strategy: "one-for-all" }, [
      all.worker("a"),
      {
        id: "b",
        start: () => {
          asked += 1;
          return ignore;
        },
      },
    ]);
    all.system.whereis(`${sup.path}/a`)?.send("boom");
    await all.clock.settle();
    expect(asked).toBe(2);
    expect((await sup.children()).map(({ status }) => status)).toEqual(["running", "ignored"]);
  });

  it("an earlier child that fails while a later one starts takes the restart over, counted once each", async () => {
    const all = world();
    const { worker: W, clock, system } = all;
    const sup = await startSupervisor(
      system,
      { strategy: "rest-for-one", intensity: { maxRestarts: 2 } },
      [W("a"), W("b")],
    );
    const adding = sup.startChild(W("c", { initDelay: 100 }));
    await clock.advance(100);
    await adding;
    system.whereis(`${sup.path}/b`)?.send("boom");
    await clock.advance(50);
    system.whereis(`${sup.path}/a`)?.send("boom");
    await clock.advance(100);
    expect(
      (await sup.children()).map(({ id, status, epoch }) => `${id} ${status} ${epoch}`),
    ).toEqual(["a running 2", "b running 3", "c running 3"]);
  });
});
