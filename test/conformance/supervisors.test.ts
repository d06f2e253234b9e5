import { ignore } from "ramure/actors";
import type { ChildSpec, SupervisorFlags } from "ramure/supervisors";
import { startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import { family, refusal } from "./family.ts";
import { world } from "./world.ts";

/** What a program that no compiler checked may pass. */
const unchecked = <T>(value: object): T => value as T;

const three = ["a", "b", "c"];

describe("starting", () => {
  it("S01 a supervisor starts in order, each after the one before", async () => {
    const { system, clock, worker, journal } = world();
    const starting = startSupervisor(system, {}, [
      worker("a", { initDelay: 100 }),
      worker("b"),
      worker("c"),
    ]);
    await clock.settle();
    expect(journal).toEqual([]);
    await clock.advance(100);
    await starting;
    expect(journal).toEqual(["start a#1", "start b#1", "start c#1"]);
  });

  it("S02 a supervisor stops in reverse order", async () => {
    const { supervisor, take } = await family({}, (worker) => [
      worker("a"),
      worker("b"),
      worker("c"),
    ]);
    const reason = await supervisor.stop();
    expect(take()).toEqual(["term c#1 shutdown", "term b#1 shutdown", "term a#1 shutdown"]);
    expect(reason.type).toBe("shutdown");
  });

  it("S03 a supervisor lists children in start order", async () => {
    const { supervisor, child } = await family({}, (worker) => [
      worker("a"),
      worker("b", { type: "supervisor" }),
    ]);
    expect(await supervisor.children()).toMatchObject([
      { id: "a", status: "running", type: "worker", pid: child("a").pid, epoch: 1, restarts: 0 },
      { id: "b", status: "running", type: "supervisor", pid: child("b").pid },
    ]);
  });

  it("S04 a supervisor unwinds in reverse when a start fails, and frees the name before it says so", async () => {
    const { system, worker, journal } = world();
    const specs = [worker("a"), worker("b"), worker("c", { initFail: 9 })];
    const failed = await refusal(startSupervisor(system, { name: "sup" }, specs));
    expect(failed).toMatchObject({ code: "start-failed", child: "c", reason: { type: "error" } });
    expect(journal.slice(2)).toEqual(["term b#1 shutdown", "term a#1 shutdown"]);
    expect(system.tree().children).toEqual([]);
    await startSupervisor(system, { name: "sup" }, [worker("a")]);
    expect(system.whereis("/sup")).toBeDefined();
  });

  it("S05 a supervisor unwinds the same way from a start that is none, and keeps the reason", async () => {
    const { system, worker, take } = world();
    const rejecting: ChildSpec = { id: "b", start: () => Promise.reject("no error object") };
    const failed = await refusal(startSupervisor(system, {}, [worker("a"), rejecting]));
    expect(failed).toMatchObject({ code: "start-failed", reason: { message: "no error object" } });
    expect(take()).toEqual(["start a#1", "term a#1 shutdown"]);
    const noFunction = unchecked<ChildSpec>({ id: "b", start: "b" });
    expect(await refusal(startSupervisor(system, {}, [worker("a"), noFunction]))).toMatchObject({
      code: "missing-start",
    });
    expect(take()).toEqual([]);
  });

  it("S06 a supervisor does not retry a first start", async () => {
    const { system, worker, journal } = world();
    const failed = await refusal(
      startSupervisor(system, { intensity: { maxRestarts: 5 } }, [worker("c", { initFail: 1 })]),
    );
    expect(failed).toMatchObject({ code: "start-failed", child: "c" });
    expect(journal).toEqual([]);
  });

  it("S07 a supervisor goes on past a child that has nothing to run", async () => {
    const { supervisor, statuses } = await family({}, (worker) => [
      worker("a", { initIgnore: [1] }),
      worker("b"),
    ]);
    expect(await statuses()).toBe("a ignored, b running");
    expect(await supervisor.counts()).toMatchObject({ specs: 2, active: 1 });
    expect((await supervisor.children())[0]?.pid).toBeUndefined();
  });

  it("S08 a supervisor keeps nothing of a temporary child that has nothing to run", async () => {
    const { supervisor, worker } = await family({}, (worker) => [
      worker("a", { initIgnore: [1], restart: "temporary" }),
    ]);
    expect(await supervisor.children()).toEqual([]);
    const again = worker("a", { initIgnore: [1], restart: "temporary" });
    expect(await supervisor.startChild(again)).toBe(ignore);
    expect(await supervisor.children()).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["without an id", { id: undefined }, "missing-id"],
    ["without a start", { start: undefined }, "missing-start"],
    ["with a bad restart", { restart: "always" }, "invalid-restart"],
    ["with a shutdown of -1", { shutdownMs: -1 }, "invalid-shutdown"],
    ["with a bad type", { type: "wrong" }, "invalid-type"],
    ["with a significance of maybe", { significant: "maybe" }, "invalid-significant"],
    ["with an id twice", { id: "first" }, "duplicate-id"],
  ])("S09 a supervisor refuses a spec %s before anything starts", async (_title, fault, code) => {
    const { system, worker, journal } = world();
    const faulty = unchecked<ChildSpec>({ ...worker("b"), ...fault });
    expect(await refusal(startSupervisor(system, {}, [worker("first"), faulty]))).toMatchObject({
      code,
    });
    expect(journal).toEqual([]);
    expect(system.tree().children).toEqual([]);
  });

  it("S10 a supervisor ignores keys that it does not know", async () => {
    const { system, worker } = world();
    const spec = unchecked<ChildSpec>({ ...worker("a"), colour: "red" });
    const flags = unchecked<SupervisorFlags>({ colour: "red" });
    const supervisor = await startSupervisor(system, flags, [spec]);
    expect(await supervisor.counts()).toMatchObject({ active: 1 });
  });

  it.each<[string, SupervisorFlags, string]>([
    ["an intensity of -1", unchecked({ intensity: { maxRestarts: -1 } }), "invalid-intensity"],
    [
      "an intensity without end",
      unchecked({ intensity: { maxRestarts: Number.POSITIVE_INFINITY } }),
      "invalid-intensity",
    ],
    ["a period of 0", unchecked({ intensity: { withinMs: 0 } }), "invalid-period"],
    ["an unknown strategy", unchecked({ strategy: "all-for-one" }), "invalid-strategy"],
    ["an unknown auto-shutdown", unchecked({ autoShutdown: "some" }), "invalid-auto-shutdown"],
  ])("S11 a supervisor refuses %s", async (_title, flags, code) => {
    const { system, worker, journal } = world();
    expect(await refusal(startSupervisor(system, flags, [worker("a")]))).toMatchObject({ code });
    expect(journal).toEqual([]);
  });

  it("S12 a supervisor tells the defaults when a spec is read back", async () => {
    const { supervisor } = await family({}, (worker) => [
      worker("a"),
      worker("s", { type: "supervisor" }),
    ]);
    expect(await supervisor.childSpec("a")).toMatchObject({
      shutdownMs: 5_000,
      significant: false,
    });
    expect(await supervisor.childSpec("s")).toMatchObject({ shutdownMs: "infinity" });
  });
});

describe("restart types", () => {
  it("S13 a supervisor restarts a permanent child that is done", async () => {
    const { tell, info, take } = await family({}, (worker) => [worker("a")]);
    await tell("a", { done: 1 });
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2, restarts: 1 });
    expect(take().at(-1)).toBe("start a#2");
  });

  it("S14 a supervisor restarts a permanent child that was shut down", async () => {
    const { child, clock, info } = await family({}, (worker) => [worker("a")]);
    await child("a").stop({ type: "shutdown", cause: "api" });
    await clock.settle();
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2 });
  });

  it("S15 a supervisor restarts a permanent child that crashed", async () => {
    const { tell, info } = await family({}, (worker) => [worker("a")]);
    await tell("a", "boom");
    expect(await info("a")).toMatchObject({
      epoch: 2,
      lastExit: { epoch: 1, reason: { type: "error", message: "boom" } },
    });
  });

  it("S16 a supervisor leaves a transient child that is done", async () => {
    const { supervisor, tell, info } = await family({}, (worker) => [
      worker("a", { restart: "transient" }),
    ]);
    await tell("a", { done: 1 });
    expect(await info("a")).toMatchObject({ status: "stopped", by: "self", epoch: 1 });
    expect(await supervisor.counts()).toMatchObject({ specs: 1, active: 0 });
  });

  it.each([
    [{ type: "shutdown", cause: "api" }],
    [{ type: "shutdown", cause: "api", detail: "enough" }],
  ] as const)("S17 a supervisor leaves a transient child that ended with %j", async (reason) => {
    const { supervisor, child, clock, info } = await family({}, (worker) => [
      worker("a", { restart: "transient" }),
    ]);
    await child("a").stop(reason);
    await clock.settle();
    expect(await info("a")).toMatchObject({ status: "stopped", by: "self" });
    await supervisor.restartChild("a");
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2 });
  });

  it("S18 a supervisor restarts a transient child that failed, in whatever way", async () => {
    const { tell, child, clock, info } = await family({}, (worker) => [
      worker("a", { restart: "transient" }),
    ]);
    await tell("a", "boom");
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2 });
    await tell("a", { fail: "no" });
    expect(await info("a")).toMatchObject({ status: "running", epoch: 3 });
    await child("a").kill();
    await clock.settle();
    expect(await info("a")).toMatchObject({ status: "running", epoch: 4 });
  });

  it("S19 a supervisor forgets a temporary child that failed, so that its id is free", async () => {
    const { supervisor, tell, worker } = await family({}, (worker) => [
      worker("a", { restart: "temporary" }),
    ]);
    await tell("a", "boom");
    expect(await supervisor.children()).toEqual([]);
    await supervisor.startChild(worker("a"));
    expect(await supervisor.counts()).toMatchObject({ specs: 1, active: 1 });
  });
});

describe("strategies", () => {
  it("S20 one for one: only the child that crashed restarts", async () => {
    const { tell, pids, take } = await family({}, (worker) => [worker("a"), worker("b")]);
    const before = await pids();
    await tell("a", "boom");
    const after = await pids();
    expect(after.a).not.toBe(before.a);
    expect(after.b).toBe(before.b);
    expect(take().slice(1)).toEqual(["term a#1 error", "start a#2"]);
  });

  it("S21 one for all: all stop in reverse and start in order", async () => {
    const { tell, pids, take } = await family({ strategy: "one-for-all" }, (worker) =>
      three.map((id) => worker(id)),
    );
    const before = await pids();
    await tell("b", "boom");
    expect(take().slice(1)).toEqual([
      "term b#1 error",
      "term c#1 shutdown",
      "term a#1 shutdown",
      "start a#2",
      "start b#2",
      "start c#2",
    ]);
    const after = await pids();
    for (const id of three) expect(after[id]).not.toBe(before[id]);
  });

  it("S22 rest for one: the child and those after it", async () => {
    const { tell, pids, take } = await family({ strategy: "rest-for-one" }, (worker) =>
      [..."abcd"].map((id) => worker(id)),
    );
    const before = await pids();
    await tell("b", "boom");
    expect(take().slice(1)).toEqual([
      "term b#1 error",
      "term d#1 shutdown",
      "term c#1 shutdown",
      "start b#2",
      "start c#2",
      "start d#2",
    ]);
    expect((await pids()).a).toBe(before.a);
  });

  it("S23 rest for one: the last child alone", async () => {
    const { tell, take } = await family({ strategy: "rest-for-one" }, (worker) => [
      worker("a"),
      worker("b"),
    ]);
    await tell("b", "boom");
    expect(take().slice(1)).toEqual(["term b#1 error", "start b#2"]);
  });

  it("S24 rest for one: a child that was added later is in the scope", async () => {
    const { supervisor, tell, take, worker } = await family(
      { strategy: "rest-for-one" },
      (worker) => [worker("a"), worker("b")],
    );
    await supervisor.startChild(worker("e"));
    await tell("b", "boom");
    expect(take().slice(2)).toEqual([
      "term b#1 error",
      "term e#1 shutdown",
      "start b#2",
      "start e#2",
    ]);
  });

  it("S25 a restarted child keeps its place when all stop", async () => {
    const { supervisor, tell, take } = await family({}, (worker) => [
      worker("a"),
      worker("b"),
      worker("c"),
    ]);
    await tell("a", "boom");
    take();
    await supervisor.stop();
    expect(take()).toEqual(["term c#1 shutdown", "term b#1 shutdown", "term a#2 shutdown"]);
  });

  it("S26 a child restarted by API keeps its place in the scope", async () => {
    const { supervisor, tell, take } = await family({ strategy: "rest-for-one" }, (worker) => [
      worker("a"),
      worker("b"),
    ]);
    await supervisor.terminateChild("a");
    await supervisor.restartChild("a");
    take();
    await tell("a", "boom");
    expect(take().slice(1)).toEqual([
      "term a#2 error",
      "term b#1 shutdown",
      "start a#3",
      "start b#2",
    ]);
  });
});
