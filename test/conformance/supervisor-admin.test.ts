import { describe, expect, it } from "vitest";
import { type Behavior, type Ignore, ignore } from "../../src/actors/kernel/behavior.ts";
import { family, refusal, world } from "./family.ts";
import { childOf, superviseDynamically } from "./supervisor-adapter.ts";

describe("calls about children", () => {
  it("S36 refuses a start, a restart and a deletion of one that runs", async () => {
    const { sup, child, W } = await family({}, (W) => [W("a")]);
    expect(await refusal(sup.startChild(W("a")))).toMatchObject({
      code: "already-started",
      pid: child("a").pid,
    });
    expect(await refusal(sup.deleteChild("a"))).toMatchObject({ code: "running" });
    expect(await refusal(sup.restartChild("a"))).toMatchObject({ code: "running" });
  });

  it("S37 terminates, restarts and deletes", async () => {
    const { sup, W, statuses } = await family({}, (W) => [W("a")]);
    await sup.terminateChild("a");
    await sup.terminateChild("a");
    expect(await refusal(sup.startChild(W("a")))).toMatchObject({ code: "already-present" });
    await sup.restartChild("a");
    expect(await statuses()).toBe("a running");
    await sup.terminateChild("a");
    await sup.deleteChild("a");
    expect(await refusal(sup.restartChild("a"))).toMatchObject({ code: "not-found" });
  });

  it("S38 knows nothing of an unknown id", async () => {
    const { sup } = await family({}, () => []);
    for (const call of [sup.terminateChild("x"), sup.restartChild("x"), sup.deleteChild("x")]) {
      expect(await refusal(call)).toMatchObject({ code: "not-found" });
    }
  });

  it("S39 answers noproc once it has ended, and does not hang", async () => {
    const { sup, W } = await family({}, (W) => [W("a")]);
    await sup.stop();
    for (const call of [sup.children(), sup.startChild(W("b")), sup.terminateChild("a")]) {
      expect(await refusal(call)).toMatchObject({ code: "noproc" });
    }
  });

  it("S41 forgets a temporary child that was terminated", async () => {
    const { sup } = await family({}, (W) => [W("a", { restart: "temporary" })]);
    await sup.terminateChild("a");
    expect(await sup.children()).toEqual([]);
  });

  it("S42 keeps nothing of a start that failed", async () => {
    const { sup, W, pids } = await family({}, (W) => [W("b")]);
    const before = await pids();
    const failed = await refusal(sup.startChild(W("a", { initFail: 1 })));
    expect(failed).toMatchObject({
      code: "start-failed",
      child: "a",
      reason: { type: "error", class: "start", message: "init of a failed" },
    });
    expect(await pids()).toEqual(before);
  });

  it("S56 ignores what it does not understand, and says so", async () => {
    const { sys, sup, events, clock, statuses } = await family({}, (W) => [W("a")]);
    const supervisor = sys.whereis(sup.path);
    for (const stray of ["garbage", 7, undefined, { type: "down", pid: 9 }]) {
      supervisor?.send(stray);
    }
    await clock.settle();
    expect(await statuses()).toBe("a running");
    expect(events()).toEqual(Array(4).fill("unexpected-message"));
  });

  it("S57 does not hang over a child that cut its link", async () => {
    const { sup, statuses } = await family({}, () => []);
    const loner: Behavior<unknown, unknown> = {
      init: (context) => {
        if (context.parent !== undefined) context.unlink(context.parent);
      },
      receive: () => undefined,
    };
    await sup.startChild({ id: "a", start: () => loner });
    await sup.terminateChild("a");
    expect(await statuses()).toBe("a stopped");
  });

  it("S62 drops what was queued behind the crash", async () => {
    const { sys, child, clock, journal, sup } = await family({}, (W) => [
      W("a", { mailbox: "drop" }),
    ]);
    const a = child("a");
    for (const message of ["boom", "1", "2", "3"]) a.send(message);
    await clock.settle();
    expect(journal.filter((line) => line.startsWith("msg a#2"))).toEqual([]);
    expect(sys.deadLetters().map(({ reason }) => reason)).toEqual([
      "restart",
      "restart",
      "restart",
    ]);
    await sup.stop();
  });

  it("S62 keeps what was queued behind the crash, where that is asked for", async () => {
    const { child, clock, journal } = await family({}, (W) => [W("a", { mailbox: "keep" })]);
    const a = child("a");
    for (const message of ["boom", "1", "2", "3"]) a.send(message);
    await clock.settle();
    const heard = journal.filter((line) => line.startsWith("msg a#2"));
    expect(heard).toEqual(["msg a#2 1", "msg a#2 2", "msg a#2 3"]);
  });

  it.each([
    [false, "a running, t stopped"],
    [true, "a running, t running"],
  ])("S63 with reviveFinished %s a group's restart leaves: %s", async (reviveFinished, after) => {
    const { tell, statuses } = await family({ strategy: "one_for_all", reviveFinished }, (W) => [
      W("a"),
      W("t", { restart: "transient" }),
    ]);
    await tell("t", { done: 1 });
    await tell("a", "boom");
    expect(await statuses()).toBe(after);
  });

  it("S65 starts one of two with the same id", async () => {
    const { sup, W, clock, journal } = await family({}, () => []);
    const first = sup.startChild(W("a", { initDelay: 100 }));
    const second = refusal(sup.startChild(W("a")));
    expect(await second).toMatchObject({ code: "already-present" });
    await clock.advance(100);
    expect(childOf(await first).id).toBe("a");
    expect(journal).toEqual(["start a#1"]);
  });
});

describe("auto-shutdown", () => {
  const significant = { significant: true, restart: "transient" } as const;

  it("S43 any: the end of one significant child ends all", async () => {
    const { sup, tell, take } = await family({ autoShutdown: "any_significant" }, (W) => [
      W("a"),
      W("s", significant),
      W("c"),
    ]);
    await tell("s", { done: 1 });
    expect(await sup.exited).toEqual({ type: "shutdown", cause: "auto-shutdown" });
    expect(take().slice(1)).toEqual(["term s#1 normal", "term c#1 shutdown", "term a#1 shutdown"]);
  });

  it("S44 any: neither a crash nor a stop by API ends all", async () => {
    const { sup, tell, statuses } = await family({ autoShutdown: "any_significant" }, (W) => [
      W("s", significant),
    ]);
    await tell("s", "boom");
    expect(await statuses()).toBe("s running");
    await sup.terminateChild("s");
    expect(await statuses()).toBe("s stopped");
  });

  it("S45 any: the crash of a temporary significant child ends all", async () => {
    const { sup, tell } = await family({ autoShutdown: "any_significant" }, (W) => [
      W("s", { significant: true, restart: "temporary" }),
    ]);
    await tell("s", "boom");
    expect(await sup.exited).toMatchObject({ cause: "auto-shutdown" });
  });

  it("S46 all: the last significant child ends all", async () => {
    const { sup, tell, statuses, take } = await family({ autoShutdown: "all_significant" }, (W) => [
      W("s", significant),
      W("t", significant),
      W("n"),
    ]);
    await tell("s", { done: 1 });
    expect(await statuses()).toBe("s stopped, t running, n running");
    await tell("t", { done: 1 });
    expect(await sup.exited).toMatchObject({ cause: "auto-shutdown" });
    expect(take().at(-1)).toBe("term n#1 shutdown");
  });

  it("S47 refuses a significant child that could not count", async () => {
    const { sys, W } = world();
    const any = { autoShutdown: "any_significant" };
    const permanent = W("a", { significant: true });
    expect(await refusal(sys.supervisor(any, [permanent]))).toMatchObject({
      code: "bad-combination",
    });
    expect(await refusal(sys.supervisor({}, [W("a", significant)]))).toMatchObject({
      code: "bad-combination",
    });
    const sup = await sys.supervisor({}, []);
    expect(await refusal(sup.startChild(W("a", significant)))).toMatchObject({
      code: "bad-combination",
    });
  });
});

describe("dynamic supervisors", () => {
  /** Children that write down what they were started with, and crash or end when told so. */
  async function pool(flags: Parameters<typeof superviseDynamically>[1] = {}) {
    const all = world();
    const started: string[] = [];
    let ignoreNext = false;
    const sup = await superviseDynamically<string>(all.sys.kernel, flags, {
      id: "worker",
      start: (_context, args) => {
        started.push(args);
        if (ignoreNext) return ignore;
        return {
          init: () => 0,
          receive: () => {
            throw new Error("boom");
          },
        };
      },
    });
    const refuseNext = () => {
      ignoreNext = true;
    };
    return { ...all, sup, started, refuseNext };
  }

  it("S49 restarts each child with what it was started with", async () => {
    const { sup, started, clock } = await pool();
    const children = [];
    for (const args of ["x", "y", "z"]) children.push(childOf(await sup.startChild(args)));
    expect(await sup.counts()).toMatchObject({ specs: 1, active: 3 });
    children[1]?.ref.send("boom");
    await clock.settle();
    expect(started).toEqual(["x", "y", "z", "y"]);
    expect(await sup.counts()).toMatchObject({ specs: 1, active: 3 });
  });

  it("S50 terminates by pid, and knows nothing of a template's id or a stranger's pid", async () => {
    const { sup } = await pool();
    const { ref } = childOf(await sup.startChild("x"));
    expect(await refusal(sup.terminateChild("worker"))).toMatchObject({ code: "not-found" });
    expect(await refusal(sup.terminateChild(999_999))).toMatchObject({ code: "not-found" });
    await sup.terminateChild(ref.pid);
    expect(await refusal(sup.terminateChild(ref.pid))).toMatchObject({ code: "not-found" });
    expect(await sup.counts()).toMatchObject({ active: 0, workers: 0 });
  });

  it("S51 counts a child that waits for its restart as one of maxChildren", async () => {
    const all = world();
    const sup = await superviseDynamically<void>(
      all.sys.kernel,
      { maxChildren: 1 },
      {
        backoff: {},
        start: () => ({
          init: () => 0,
          receive: () => {
            throw new Error("boom");
          },
        }),
      },
    );
    childOf(await sup.startChild()).ref.send("boom");
    await all.clock.settle();
    expect((await sup.children()).map(({ status }) => status)).toEqual(["restarting"]);
    expect(await refusal(sup.startChild())).toMatchObject({ code: "max-children" });
  });

  it("S52 forgets a child whose restart has nothing to run", async () => {
    const { sup, refuseNext, clock } = await pool();
    const { ref } = childOf(await sup.startChild("x"));
    refuseNext();
    ref.send("boom");
    await clock.settle();
    expect(await sup.children()).toEqual([]);
  });

  it("S53 refuses significant children and auto-shutdown", async () => {
    const { sys } = world();
    const start = (): Ignore => ignore;
    const code = "bad-combination";
    const significant = { start, significant: true };
    expect(await refusal(superviseDynamically<void>(sys.kernel, {}, significant))).toMatchObject({
      code,
    });
    const flags = { maxChildren: 9, autoShutdown: "any-significant" };
    expect(await refusal(superviseDynamically<void>(sys.kernel, flags, { start }))).toMatchObject({
      code,
    });
  });
});
