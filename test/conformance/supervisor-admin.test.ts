import { type Behavior, type Ignore, ignore } from "ramure/actors";
import { startDynamicSupervisor, startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import { childOf, family, refusal } from "./family.ts";
import { deadLetters, world } from "./world.ts";

describe("calls about children", () => {
  it("S36 a supervisor refuses a start, a restart and a deletion of one that runs", async () => {
    const { supervisor, child, worker } = await family({}, (worker) => [worker("a")]);
    expect(await refusal(supervisor.startChild(worker("a")))).toMatchObject({
      code: "already-started",
      pid: child("a").pid,
    });
    expect(await refusal(supervisor.deleteChild("a"))).toMatchObject({ code: "running" });
    expect(await refusal(supervisor.restartChild("a"))).toMatchObject({ code: "running" });
  });

  it("S37 a supervisor terminates, restarts and deletes", async () => {
    const { supervisor, worker, statuses } = await family({}, (worker) => [worker("a")]);
    await supervisor.terminateChild("a");
    await supervisor.terminateChild("a");
    expect(await refusal(supervisor.startChild(worker("a")))).toMatchObject({
      code: "already-present",
    });
    await supervisor.restartChild("a");
    expect(await statuses()).toBe("a running");
    await supervisor.terminateChild("a");
    await supervisor.deleteChild("a");
    expect(await refusal(supervisor.restartChild("a"))).toMatchObject({ code: "not-found" });
  });

  it("S38 a supervisor knows nothing of an unknown id", async () => {
    const { supervisor } = await family({}, () => []);
    for (const call of [
      supervisor.terminateChild("x"),
      supervisor.restartChild("x"),
      supervisor.deleteChild("x"),
    ]) {
      expect(await refusal(call)).toMatchObject({ code: "not-found" });
    }
  });

  it("S39 a supervisor answers noproc once it has ended, and does not hang", async () => {
    const { supervisor, worker } = await family({}, (worker) => [worker("a")]);
    await supervisor.stop();
    for (const call of [
      supervisor.children(),
      supervisor.startChild(worker("b")),
      supervisor.terminateChild("a"),
    ]) {
      expect(await refusal(call)).toMatchObject({ code: "noproc" });
    }
  });

  it("S41 a supervisor forgets a temporary child that was terminated", async () => {
    const { supervisor } = await family({}, (worker) => [worker("a", { restart: "temporary" })]);
    await supervisor.terminateChild("a");
    expect(await supervisor.children()).toEqual([]);
  });

  it("S42 a supervisor keeps nothing of a start that failed", async () => {
    const { supervisor, worker, pids } = await family({}, (worker) => [worker("b")]);
    const before = await pids();
    const failed = await refusal(supervisor.startChild(worker("a", { initFail: 1 })));
    expect(failed).toMatchObject({
      code: "start-failed",
      child: "a",
      reason: { type: "error", class: "start", message: "init of a failed" },
    });
    expect(await pids()).toEqual(before);
  });

  it("S56 a supervisor ignores what it does not understand, and says so", async () => {
    const { system, supervisor, events, clock, statuses } = await family({}, (worker) => [
      worker("a"),
    ]);
    const ref = system.whereis(supervisor.path);
    for (const stray of ["garbage", 7, undefined, { type: "down", pid: 9 }]) ref?.send(stray);
    await clock.settle();
    expect(await statuses()).toBe("a running");
    expect(events()).toEqual(Array(4).fill("unexpected-message"));
  });

  it("S57 a supervisor does not hang over a child that cut its link", async () => {
    const { supervisor, statuses } = await family({}, () => []);
    const loner: Behavior<unknown, unknown> = {
      init: (context) => {
        if (context.parent !== undefined) context.unlink(context.parent);
      },
      receive: () => undefined,
    };
    await supervisor.startChild({ id: "a", start: () => loner });
    await supervisor.terminateChild("a");
    expect(await statuses()).toBe("a stopped");
  });

  it("S62 a supervisor drops what was queued behind the crash", async () => {
    const { system, child, clock, journal, supervisor } = await family({}, (worker) => [
      worker("a", { mailbox: "drop" }),
    ]);
    const a = child("a");
    for (const message of ["boom", "1", "2", "3"]) a.send(message);
    await clock.settle();
    expect(journal.filter((line) => line.startsWith("msg a#2"))).toEqual([]);
    expect(deadLetters(system).map(({ reason }) => reason)).toEqual([
      "restart",
      "restart",
      "restart",
    ]);
    await supervisor.stop();
  });

  it("S62 a supervisor keeps what was queued behind the crash, where that is asked for", async () => {
    const { child, clock, journal } = await family({}, (worker) => [
      worker("a", { mailbox: "keep" }),
    ]);
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
    const { tell, statuses } = await family(
      { strategy: "one-for-all", reviveFinished },
      (worker) => [worker("a"), worker("t", { restart: "transient" })],
    );
    await tell("t", { done: 1 });
    await tell("a", "boom");
    expect(await statuses()).toBe(after);
  });

  it("S65 a supervisor starts one of two with the same id", async () => {
    const { supervisor, worker, clock, journal } = await family({}, () => []);
    const first = supervisor.startChild(worker("a", { initDelay: 100 }));
    const second = refusal(supervisor.startChild(worker("a")));
    expect(await second).toMatchObject({ code: "already-present" });
    await clock.advance(100);
    expect(childOf(await first).id).toBe("a");
    expect(journal).toEqual(["start a#1"]);
  });
});

describe("auto-shutdown", () => {
  const significant = { significant: true, restart: "transient" } as const;

  it("S43 any-significant: the end of one significant child ends all", async () => {
    const { supervisor, tell, take } = await family(
      { autoShutdown: "any-significant" },
      (worker) => [worker("a"), worker("s", significant), worker("c")],
    );
    await tell("s", { done: 1 });
    expect(await supervisor.exited).toEqual({ type: "shutdown", cause: "auto-shutdown" });
    expect(take().slice(1)).toEqual(["term s#1 normal", "term c#1 shutdown", "term a#1 shutdown"]);
  });

  it("S44 any-significant: neither a crash nor a stop by API ends all", async () => {
    const { supervisor, tell, statuses } = await family(
      { autoShutdown: "any-significant" },
      (worker) => [worker("s", significant)],
    );
    await tell("s", "boom");
    expect(await statuses()).toBe("s running");
    await supervisor.terminateChild("s");
    expect(await statuses()).toBe("s stopped");
  });

  it("S45 any-significant: the crash of a temporary significant child ends all", async () => {
    const { supervisor, tell } = await family({ autoShutdown: "any-significant" }, (worker) => [
      worker("s", { significant: true, restart: "temporary" }),
    ]);
    await tell("s", "boom");
    expect(await supervisor.exited).toMatchObject({ cause: "auto-shutdown" });
  });

  it("S46 all-significant: the last significant child ends all", async () => {
    const { supervisor, tell, statuses, take } = await family(
      { autoShutdown: "all-significant" },
      (worker) => [worker("s", significant), worker("t", significant), worker("n")],
    );
    await tell("s", { done: 1 });
    expect(await statuses()).toBe("s stopped, t running, n running");
    await tell("t", { done: 1 });
    expect(await supervisor.exited).toMatchObject({ cause: "auto-shutdown" });
    expect(take().at(-1)).toBe("term n#1 shutdown");
  });

  it("S47 a supervisor refuses a significant child that could not count", async () => {
    const { system, worker } = world();
    const any = { autoShutdown: "any-significant" } as const;
    const permanent = worker("a", { significant: true });
    expect(await refusal(startSupervisor(system, any, [permanent]))).toMatchObject({
      code: "bad-combination",
    });
    expect(await refusal(startSupervisor(system, {}, [worker("a", significant)]))).toMatchObject({
      code: "bad-combination",
    });
    const supervisor = await startSupervisor(system, {}, []);
    expect(await refusal(supervisor.startChild(worker("a", significant)))).toMatchObject({
      code: "bad-combination",
    });
  });
});

describe("dynamic supervisors", () => {
  /** Children that write down what they were started with, and crash or end when told so. */
  async function pool(flags: Parameters<typeof startDynamicSupervisor>[1] = {}) {
    const given = world();
    const started: string[] = [];
    let ignoreNext = false;
    const supervisor = await startDynamicSupervisor<string>(given.system, flags, {
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
    return { ...given, supervisor, started, refuseNext };
  }

  it("S49 a dynamic supervisor restarts each child with what it was started with", async () => {
    const { supervisor, started, clock } = await pool();
    const children = [];
    for (const args of ["x", "y", "z"]) children.push(childOf(await supervisor.startChild(args)));
    expect(await supervisor.counts()).toMatchObject({ specs: 1, active: 3 });
    children[1]?.ref.send("boom");
    await clock.settle();
    expect(started).toEqual(["x", "y", "z", "y"]);
    expect(await supervisor.counts()).toMatchObject({ specs: 1, active: 3 });
  });

  it("S50 a dynamic supervisor terminates by pid, and knows nothing of a template's id or a stranger's pid", async () => {
    const { supervisor } = await pool();
    const { ref } = childOf(await supervisor.startChild("x"));
    expect(await refusal(supervisor.terminateChild("worker"))).toMatchObject({ code: "not-found" });
    expect(await refusal(supervisor.terminateChild(999_999))).toMatchObject({ code: "not-found" });
    await supervisor.terminateChild(ref.pid);
    expect(await refusal(supervisor.terminateChild(ref.pid))).toMatchObject({ code: "not-found" });
    expect(await supervisor.counts()).toMatchObject({ active: 0, workers: 0 });
  });

  it("S51 a dynamic supervisor counts a child that waits for its restart as one of maxChildren", async () => {
    const given = world();
    const supervisor = await startDynamicSupervisor<void>(
      given.system,
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
    childOf(await supervisor.startChild()).ref.send("boom");
    await given.clock.settle();
    expect((await supervisor.children()).map(({ status }) => status)).toEqual(["restarting"]);
    expect(await refusal(supervisor.startChild())).toMatchObject({ code: "max-children" });
  });

  it("S52 a dynamic supervisor forgets a child whose restart has nothing to run", async () => {
    const { supervisor, refuseNext, clock } = await pool();
    const { ref } = childOf(await supervisor.startChild("x"));
    refuseNext();
    ref.send("boom");
    await clock.settle();
    expect(await supervisor.children()).toEqual([]);
  });

  it("S53 a dynamic supervisor refuses significant children and auto-shutdown", async () => {
    const { system } = world();
    const start = (): Ignore => ignore;
    const code = "bad-combination";
    const significant = { start, significant: true };
    expect(await refusal(startDynamicSupervisor<void>(system, {}, significant))).toMatchObject({
      code,
    });
    const flags = { maxChildren: 9, autoShutdown: "any-significant" };
    expect(await refusal(startDynamicSupervisor<void>(system, flags, { start }))).toMatchObject({
      code,
    });
  });
});
