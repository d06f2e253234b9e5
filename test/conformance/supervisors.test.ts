import { describe, expect, it } from "vitest";
import { ignore } from "../../src/actors/kernel/behavior.ts";
import type { ChildSpec } from "../../src/supervisors/supervision/child-spec.ts";
import { family, refusal, world } from "./family.ts";
import type { ListFlags } from "./supervisor-adapter.ts";

/** What a program that no compiler checked may pass. */
const unchecked = <T>(value: object): T => value as T;

const three = ["a", "b", "c"];

describe("starting", () => {
  it("S01 starts in order, each after the one before", async () => {
    const { sys, clock, W, journal } = world();
    const starting = sys.supervisor({}, [W("a", { initDelay: 100 }), W("b"), W("c")]);
    await clock.settle();
    expect(journal).toEqual([]);
    await clock.advance(100);
    await starting;
    expect(journal).toEqual(["start a#1", "start b#1", "start c#1"]);
  });

  it("S02 stops in reverse order", async () => {
    const { sup, take } = await family({}, (W) => [W("a"), W("b"), W("c")]);
    const reason = await sup.stop();
    expect(take()).toEqual(["term c#1 shutdown", "term b#1 shutdown", "term a#1 shutdown"]);
    expect(reason.type).toBe("shutdown");
  });

  it("S03 lists children in start order", async () => {
    const { sup, child } = await family({}, (W) => [W("a"), W("b", { type: "supervisor" })]);
    expect(await sup.children()).toMatchObject([
      { id: "a", status: "running", type: "worker", pid: child("a").pid, epoch: 1, restarts: 0 },
      { id: "b", status: "running", type: "supervisor", pid: child("b").pid },
    ]);
  });

  it("S04 unwinds in reverse when a start fails, and frees the name before it says so", async () => {
    const { sys, W, journal } = world();
    const specs = [W("a"), W("b"), W("c", { initFail: 9 })];
    const failed = await refusal(sys.supervisor({}, specs, { name: "sup" }));
    expect(failed).toMatchObject({ code: "start-failed", child: "c", reason: { type: "error" } });
    expect(journal.slice(2)).toEqual(["term b#1 shutdown", "term a#1 shutdown"]);
    expect(sys.tree().children).toEqual([]);
    await sys.supervisor({}, [W("a")], { name: "sup" });
    expect(sys.whereis("/sup")).toBeDefined();
  });

  it("S05 unwinds the same way from a start that is none, and keeps the reason", async () => {
    const { sys, W, take } = world();
    const rejecting: ChildSpec = { id: "b", start: () => Promise.reject("no error object") };
    const failed = await refusal(sys.supervisor({}, [W("a"), rejecting]));
    expect(failed).toMatchObject({ code: "start-failed", reason: { message: "no error object" } });
    expect(take()).toEqual(["start a#1", "term a#1 shutdown"]);
    const noFunction = unchecked<ChildSpec>({ id: "b", start: "b" });
    expect(await refusal(sys.supervisor({}, [W("a"), noFunction]))).toMatchObject({
      code: "missing-start",
    });
    expect(take()).toEqual([]);
  });

  it("S06 does not retry a first start", async () => {
    const { sys, W, journal } = world();
    const failed = await refusal(sys.supervisor({ intensity: 5 }, [W("c", { initFail: 1 })]));
    expect(failed).toMatchObject({ code: "start-failed", child: "c" });
    expect(journal).toEqual([]);
  });

  it("S07 goes on past a child that has nothing to run", async () => {
    const { sup, statuses } = await family({}, (W) => [W("a", { initIgnore: [1] }), W("b")]);
    expect(await statuses()).toBe("a ignored, b running");
    expect(await sup.counts()).toMatchObject({ specs: 2, active: 1 });
    expect((await sup.children())[0]?.pid).toBeUndefined();
  });

  it("S08 keeps nothing of a temporary child that has nothing to run", async () => {
    const { sup, W } = await family({}, (W) => [W("a", { initIgnore: [1], restart: "temporary" })]);
    expect(await sup.children()).toEqual([]);
    const again = W("a", { initIgnore: [1], restart: "temporary" });
    expect(await sup.startChild(again)).toBe(ignore);
    expect(await sup.children()).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["without an id", { id: undefined }, "missing-id"],
    ["without a start", { start: undefined }, "missing-start"],
    ["with a bad restart", { restart: "always" }, "invalid-restart"],
    ["with a shutdown of -1", { shutdownMs: -1 }, "invalid-shutdown"],
    ["with a bad type", { type: "wrong" }, "invalid-type"],
    ["with a significance of maybe", { significant: "maybe" }, "invalid-significant"],
    ["with an id twice", { id: "first" }, "duplicate-id"],
  ])("S09 refuses a spec %s before anything starts", async (_title, fault, code) => {
    const { sys, W, journal } = world();
    const faulty = unchecked<ChildSpec>({ ...W("b"), ...fault });
    expect(await refusal(sys.supervisor({}, [W("first"), faulty]))).toMatchObject({ code });
    expect(journal).toEqual([]);
    expect(sys.tree().children).toEqual([]);
  });

  it("S10 ignores keys that it does not know", async () => {
    const { sys, W } = world();
    const spec = unchecked<ChildSpec>({ ...W("a"), colour: "red" });
    const flags = unchecked<ListFlags>({ colour: "red" });
    const sup = await sys.supervisor(flags, [spec]);
    expect(await sup.counts()).toMatchObject({ active: 1 });
  });

  it.each<[string, ListFlags, string]>([
    ["an intensity of -1", { intensity: -1 }, "invalid-intensity"],
    ["an intensity without end", { intensity: Number.POSITIVE_INFINITY }, "invalid-intensity"],
    ["a period of 0", { period: 0 }, "invalid-period"],
    ["an unknown strategy", { strategy: "all_for_one" }, "invalid-strategy"],
    ["an unknown auto-shutdown", { autoShutdown: "some" }, "invalid-auto-shutdown"],
  ])("S11 refuses %s", async (_title, flags, code) => {
    const { sys, W, journal } = world();
    expect(await refusal(sys.supervisor(flags, [W("a")]))).toMatchObject({ code });
    expect(journal).toEqual([]);
  });

  it("S12 tells the defaults when a spec is read back", async () => {
    const { sup } = await family({}, (W) => [W("a"), W("s", { type: "supervisor" })]);
    expect(await sup.childSpec("a")).toMatchObject({ shutdownMs: 5_000, significant: false });
    expect(await sup.childSpec("s")).toMatchObject({ shutdownMs: "infinity" });
  });
});

describe("restart types", () => {
  it("S13 restarts a permanent child that is done", async () => {
    const { tell, info, take } = await family({}, (W) => [W("a")]);
    await tell("a", { done: 1 });
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2, restarts: 1 });
    expect(take().at(-1)).toBe("start a#2");
  });

  it("S14 restarts a permanent child that was shut down", async () => {
    const { child, clock, info } = await family({}, (W) => [W("a")]);
    await child("a").stop({ type: "shutdown", cause: "api" });
    await clock.settle();
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2 });
  });

  it("S15 restarts a permanent child that crashed", async () => {
    const { tell, info } = await family({}, (W) => [W("a")]);
    await tell("a", "boom");
    expect(await info("a")).toMatchObject({
      epoch: 2,
      lastExit: { epoch: 1, reason: { type: "error", message: "boom" } },
    });
  });

  it("S16 leaves a transient child that is done", async () => {
    const { sup, tell, info } = await family({}, (W) => [W("a", { restart: "transient" })]);
    await tell("a", { done: 1 });
    expect(await info("a")).toMatchObject({ status: "stopped", by: "self", epoch: 1 });
    expect(await sup.counts()).toMatchObject({ specs: 1, active: 0 });
  });

  it.each([
    [{ type: "shutdown", cause: "api" }],
    [{ type: "shutdown", cause: "api", detail: "enough" }],
  ] as const)("S17 leaves a transient child that ended with %j", async (reason) => {
    const { sup, child, clock, info } = await family({}, (W) => [W("a", { restart: "transient" })]);
    await child("a").stop(reason);
    await clock.settle();
    expect(await info("a")).toMatchObject({ status: "stopped", by: "self" });
    await sup.restartChild("a");
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2 });
  });

  it("S18 restarts a transient child that failed, in whatever way", async () => {
    const { tell, child, clock, info } = await family({}, (W) => [
      W("a", { restart: "transient" }),
    ]);
    await tell("a", "boom");
    expect(await info("a")).toMatchObject({ status: "running", epoch: 2 });
    await tell("a", { fail: "no" });
    expect(await info("a")).toMatchObject({ status: "running", epoch: 3 });
    await child("a").kill();
    await clock.settle();
    expect(await info("a")).toMatchObject({ status: "running", epoch: 4 });
  });

  it("S19 forgets a temporary child that failed, so that its id is free", async () => {
    const { sup, tell, W } = await family({}, (W) => [W("a", { restart: "temporary" })]);
    await tell("a", "boom");
    expect(await sup.children()).toEqual([]);
    await sup.startChild(W("a"));
    expect(await sup.counts()).toMatchObject({ specs: 1, active: 1 });
  });
});

describe("strategies", () => {
  it("S20 one for one: only the child that crashed restarts", async () => {
    const { tell, pids, take } = await family({}, (W) => [W("a"), W("b")]);
    const before = await pids();
    await tell("a", "boom");
    const after = await pids();
    expect(after.a).not.toBe(before.a);
    expect(after.b).toBe(before.b);
    expect(take().slice(1)).toEqual(["term a#1 error", "start a#2"]);
  });

  it("S21 one for all: all stop in reverse and start in order", async () => {
    const { tell, pids, take } = await family({ strategy: "one_for_all" }, (W) =>
      three.map((id) => W(id)),
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
    const { tell, pids, take } = await family({ strategy: "rest_for_one" }, (W) =>
      [..."abcd"].map((id) => W(id)),
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
    const { tell, take } = await family({ strategy: "rest_for_one" }, (W) => [W("a"), W("b")]);
    await tell("b", "boom");
    expect(take().slice(1)).toEqual(["term b#1 error", "start b#2"]);
  });

  it("S24 rest for one: a child that was added later is in the scope", async () => {
    const { sup, tell, take, W } = await family({ strategy: "rest_for_one" }, (W) => [
      W("a"),
      W("b"),
    ]);
    await sup.startChild(W("e"));
    await tell("b", "boom");
    expect(take().slice(2)).toEqual([
      "term b#1 error",
      "term e#1 shutdown",
      "start b#2",
      "start e#2",
    ]);
  });

  it("S25 a restarted child keeps its place when all stop", async () => {
    const { sup, tell, take } = await family({}, (W) => [W("a"), W("b"), W("c")]);
    await tell("a", "boom");
    take();
    await sup.stop();
    expect(take()).toEqual(["term c#1 shutdown", "term b#1 shutdown", "term a#2 shutdown"]);
  });

  it("S26 a child restarted by API keeps its place in the scope", async () => {
    const { sup, tell, take } = await family({ strategy: "rest_for_one" }, (W) => [W("a"), W("b")]);
    await sup.terminateChild("a");
    await sup.restartChild("a");
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
