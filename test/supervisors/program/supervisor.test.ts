import { describe, expect, it } from "vitest";
import {
  agentProcess,
  child,
  currentProcess,
  done,
  emit,
  GaveUpError,
  type LogEvent,
  receive,
  retry,
  type SupervisorHandle,
  send,
  sleep,
  spawn,
  supervisor,
  wait,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

/** Runs `use` with the handle of a supervisor, in a root process of its own. */
async function supervised<Result>(
  team: ReturnType<typeof supervisor>,
  use: (handle: SupervisorHandle) => Promise<Result>,
) {
  return await testRun(
    agentProcess({ name: "root" }, async () => await use(spawn(team))),
    [],
  );
}

function told({ type, source, data }: LogEvent): string {
  const id = (data as { readonly id?: string } | undefined)?.id;
  return [type, source ?? id].filter((word) => word !== undefined).join(" ");
}

/** A child that notes its starts and ends, and crashes when it is sent `crash`. */
function worker(log: string[]) {
  return agentProcess(async function worker(name: string) {
    log.push(`+${name}`);
    try {
      await receive({ where: (message) => message === "crash" });
      throw new Error(`${name} crashed`);
    } finally {
      log.push(`-${name}`);
    }
  });
}

describe("a supervisor", () => {
  it("a supervisor starts its children in order and stops them in reverse", async () => {
    const log: string[] = [];
    const one = worker(log);
    const team = supervisor({
      name: "team",
      children: [child("a", one, ["a"]), child("b", one, ["b"]), child("c", one, ["c"])],
    });
    const run = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      expect(handle.state).toBe("running");
      expect((await handle.children()).map(({ path, status }) => [path, status])).toEqual([
        ["/root/team/a", "running"],
        ["/root/team/b", "running"],
        ["/root/team/c", "running"],
      ]);
      await handle.cancel("enough");
      return handle.state;
    });
    expect(await run.finished()).toBe("cancelled");
    expect(log).toEqual(["+a", "+b", "+c", "-c", "-b", "-a"]);
  });

  it.each([
    ["one-for-one", ["-b", "+b"]],
    ["one-for-all", ["-b", "-c", "-a", "+a", "+b", "+c"]],
    ["rest-for-one", ["-b", "-c", "+b", "+c"]],
  ] as const)("a supervisor restarts by its strategy: %s", async (strategy, expected) => {
    const log: string[] = [];
    const one = worker(log);
    const team = supervisor({
      strategy,
      children: [child("a", one, ["a"]), child("b", one, ["b"]), child("c", one, ["c"])],
    });
    const run = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      log.length = 0;
      send("/root/supervisor/b", "crash");
      await handle.events.waitFor("restarted");
      await sleep(0);
      return [...log];
    });
    await run.clock.advance(0);
    await run.clock.advance(0);
    expect(await run.finished()).toEqual(expected);
  });

  it("a supervisor tells of restarts, and of its children's events by their ids", async () => {
    let runs = 0;
    const flaky = agentProcess(async () => {
      runs += 1;
      emit("attempt", runs);
      if (runs === 1) throw new Error("once");
      return runs;
    });
    const team = supervisor({
      autoShutdown: "all-significant",
      children: [child("flaky", flaky, [], { significant: true })],
    });
    const run = await supervised(team, async (handle) => {
      const seen: string[] = [];
      for await (const event of handle.events) seen.push(told(event));
      return { seen, result: await handle.result() };
    });
    expect(await run.finished()).toEqual({
      seen: [
        "attempt flaky",
        "started",
        "failed flaky",
        "restarting flaky",
        "attempt flaky",
        "restarted flaky",
        "done flaky",
        "done",
      ],
      result: { flaky: 2 },
    });
  });

  it("a supervisor gives up when a child fails too often, and its error is the cause", async () => {
    const broken = agentProcess(async function broken() {
      throw new TypeError("always");
    });
    const team = supervisor({
      intensity: { maxRestarts: 2, withinMs: 1_000 },
      children: [child("broken", broken)],
    });
    const run = await supervised(team, async (handle) => {
      const error = await handle.result().catch((thrown: unknown) => thrown);
      const types: string[] = [];
      for await (const event of handle.events)
        if (event.source === undefined) types.push(event.type);
      return { error, types };
    });
    const { error, types } = await run.finished();
    expect(error).toBeInstanceOf(GaveUpError);
    expect((error as GaveUpError).cause).toBeInstanceOf(TypeError);
    expect(types).toEqual([
      "started",
      "restarting",
      "restarted",
      "restarting",
      "restarted",
      "gave-up",
      "failed",
    ]);
  });

  it("a supervisor gives up at once, all the way up, over what no restart mends", async () => {
    let attempts = 0;
    const hopeless = agentProcess(async function hopeless() {
      attempts += 1;
      await sleep(10);
      throw Object.assign(new Error("no such key"), { retryable: false });
    });
    const team = supervisor({ children: [child("hopeless", hopeless)] });
    const run = await testRun(retry(team), []);
    await run.clock.advance(60_000);
    const error = await run.finished().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "gave-up", retryable: false });
    expect(String(error)).toContain("its last failure: no such key");
    expect(attempts).toBe(1);
  });

  it("a supervisor counts restarts of all its children together, unless a child has limits of its own", async () => {
    const log: string[] = [];
    const one = worker(log);
    const own = { maxRestarts: 5, withinMs: 1_000 };
    const team = supervisor({
      intensity: { maxRestarts: 1, withinMs: 1_000 },
      children: [child("a", one, ["a"], own), child("b", one, ["b"])],
    });
    const run = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      for (const epoch of [2, 3]) {
        send("/root/supervisor/a", "crash");
        await handle.events.waitFor("restarted", {
          where: ({ data }) => (data as { epoch: number }).epoch === epoch,
        });
      }
      send("/root/supervisor/b", "crash");
      await handle.events.waitFor("restarted", {
        where: ({ data }) => (data as { id: string }).id === "b",
      });
      send("/root/supervisor/b", "crash");
      await handle.events.waitFor("gave-up");
      return (await handle.result().catch(String)) as string;
    });
    expect(await run.finished()).toContain(
      "/root/supervisor/b was given up: 2 failures within 1 s (b 2), and maxRestarts is 1",
    );
  });

  it("a supervisor tells a sibling that is stopped with its group with whom, and says who took part when it gives up", async () => {
    const one = agentProcess(async function one(name: string) {
      emit("up");
      await receive({ where: (message) => message === "crash" });
      throw new Error(`${name} crashed`);
    });
    const team = supervisor({
      strategy: "rest-for-one",
      intensity: { maxRestarts: 1, withinMs: 60_000 },
      children: [child("vm", one, ["vm"]), child("agent", one, ["agent"])],
    });
    const run = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      send("/root/supervisor/vm", "crash");
      const cancelled = await handle.events.waitFor("cancelled");
      await handle.events.waitFor("up", {
        where: ({ source, epoch }) => source === "agent" && epoch === 2,
      });
      send("/root/supervisor/agent", "crash");
      return [cancelled.source, cancelled.data, await handle.result().catch(String)];
    });
    expect(await run.finished()).toEqual([
      "agent",
      { reason: "it was stopped with vm (rest-for-one)" },
      expect.stringContaining(
        "agent was given up: 2 failures within 60 s (vm 1, agent 1), and maxRestarts is 1; its last failure: agent crashed",
      ),
    ]);
  });

  it("a supervisor is a process like any other: nested, awaited, retried", async () => {
    let starts = 0;
    const fragile = agentProcess(async () => {
      starts += 1;
      if (starts < 3) throw new Error("not yet");
      return "ok";
    });
    const inner = supervisor({
      name: "inner",
      intensity: { maxRestarts: 0 },
      autoShutdown: "any-significant",
      children: [child("fragile", fragile, [], { significant: true })],
    });
    const outer = supervisor({
      name: "outer",
      autoShutdown: "any-significant",
      children: [child("inner", inner, [], { significant: true })],
    });
    const run = await testRun(retry(outer), []);
    expect(await run.finished()).toEqual({ inner: { fragile: "ok" } });
    expect(starts).toBe(3);
  });

  it("a supervisor does not start when a child does not, and stops those that had started", async () => {
    const log: string[] = [];
    const never = agentProcess(async function never() {
      throw new Error("no config");
    });
    const team = supervisor({
      children: [
        child("a", worker(log), ["a"]),
        child("never", never, [], { startedBy: "ready" }),
        child("b", worker(log), ["b"]),
      ],
    });
    const run = await supervised(team, async (handle) => {
      const error = await handle.result().catch((thrown: unknown) => thrown);
      return { error: String(error), cause: String((error as Error).cause), log };
    });
    expect(await run.finished()).toEqual({
      error: "StartFailedError: /root/supervisor: never did not start: no config.",
      cause: "Error: no config",
      log: ["+a", "-a"],
    });
  });
});

describe("the five admin verbs of a supervisor's handle", () => {
  it("the five admin verbs of a supervisor's handle start, end, restart and forget children", async () => {
    const log: string[] = [];
    const one = worker(log);
    const run = await supervised(supervisor({ name: "team" }), async (handle) => {
      await handle.events.waitFor("started");
      const a = await handle.startChild(child("a", one, ["a"]));
      expect(a.path).toBe("/root/team/a");
      await handle.terminateChild("a");
      expect([a.state, (await handle.children())[0]?.status]).toEqual(["cancelled", "stopped"]);
      await handle.restartChild("a");
      expect(handle.child("a")?.state).toBe("running");
      const errors = [
        await handle.startChild(child("a", one, ["again"])).catch(String),
        await handle.restartChild("a").catch(String),
        await handle.deleteChild("a").catch(String),
        await handle.terminateChild("b").catch(String),
      ];
      await handle.terminateChild("a");
      await handle.deleteChild("a");
      expect(await handle.children()).toEqual([]);
      await handle.startChild(child("a", one, ["new"]));
      return errors;
    });
    expect(await run.finished()).toEqual([
      'MisuseError: /root/team/a exists already; give this one another name, a process with .with({ name: "…" }).',
      "ChildRefusedError: /root/team: a is running; terminate it first.",
      "ChildRefusedError: /root/team: a is running; terminate it first.",
      "ChildRefusedError: /root/team: it has no child b.",
    ]);
    expect(log).toEqual(["+a", "-a", "+a", "-a", "+new", "-new"]);
  });

  it("the five admin verbs of a supervisor's handle wait until the supervisor has started", async () => {
    const log: string[] = [];
    const run = await supervised(supervisor(), async (handle) => {
      await handle.startChild(child("a", worker(log), ["a"]));
      return (await handle.children()).length;
    });
    expect(await run.finished()).toBe(1);
  });

  it("the five admin verbs of a supervisor's handle work on the children of the new epoch after the supervisor was restarted", async () => {
    const log: string[] = [];
    const team = supervisor({ children: [child("a", worker(log), ["a"])] });
    const run = await supervised(team, async (handle) => {
      await handle.startChild(child("b", worker(log), ["b"]));
      await handle.restart();
      const ids = (await handle.children()).map(({ id }) => id);
      send("/root/supervisor/a", "crash");
      await handle.events.waitFor("restarted");
      return ids;
    });
    expect(await run.finished()).toEqual(["a"]);
    expect(log).toEqual(["+a", "+b", "-b", "-a", "+a", "-a", "+a", "-a"]);
  });

  it("the five admin verbs of a supervisor's handle reject when the supervisor does not live", async () => {
    const run = await supervised(supervisor(), async (handle) => {
      await handle.cancel();
      return await handle.children().catch(String);
    });
    expect(await run.finished()).toContain("NoProcError: There is no actor at /root/supervisor");
  });

  it("the five admin verbs of a supervisor's handle leave a terminated child alone: ending it by command is no failure", async () => {
    const log: string[] = [];
    const team = supervisor({
      children: [child("a", worker(log), ["a"], { restart: "permanent" })],
    });
    const run = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      await handle.terminateChild("a");
      await sleep(10_000);
      return (await handle.children()).map(({ status, by }) => [status, by]);
    });
    await run.clock.advance(10_000);
    expect(await run.finished()).toEqual([["stopped", "api"]]);
    expect(log).toEqual(["+a", "-a"]);
  });
});

describe("startedBy", () => {
  const slowStore = agentProcess(async function store(log: string[]) {
    log.push("store entered");
    await sleep(1_000);
    emit("ready");
    log.push("store ready");
    await wait();
  });
  const client = agentProcess(async function client(log: string[]) {
    log.push("client entered");
    await wait();
  });

  it("startedBy makes later siblings wait for the event that a spec names", async () => {
    const log: string[] = [];
    const team = supervisor({
      children: [
        child("store", slowStore, [log], { startedBy: "ready" }),
        child("client", client, [log]),
      ],
    });
    const run = await supervised(team, async (handle) => {
      await sleep(500);
      expect([log.length, handle.state, handle.child("store")?.state]).toEqual([
        1,
        "starting",
        "starting",
      ]);
      await handle.events.waitFor("started");
      await sleep(0);
      return log;
    });
    await run.clock.advance(1_000);
    await run.clock.advance(0);
    expect(await run.finished()).toEqual(["store entered", "store ready", "client entered"]);
  });

  it("startedBy fails a start that takes longer than startTimeoutMs, as a timeout", async () => {
    const log: string[] = [];
    const policy = { startedBy: "ready", startTimeoutMs: 100 };
    const team = supervisor({ children: [child("store", slowStore, [log], policy)] });
    const run = await supervised(team, async (handle) => {
      const failed = await handle.events.waitFor("failed", { where: ({ source }) => !!source });
      return { data: failed.data, error: String(await handle.result().catch(String)) };
    });
    await run.clock.advance(100);
    const { data, error } = await run.finished();
    expect(data).toMatchObject({ class: "timeout" });
    expect(error).toContain("store was not started within 100 ms");
  });

  it("startedBy lets a child receive messages before it counts as started", async () => {
    const configured = agentProcess(async function configured() {
      const config = await receive();
      emit("ready");
      return [config, await receive()];
    });
    const team = supervisor({
      autoShutdown: "any-significant",
      children: [child("configured", configured, [], { startedBy: "ready", significant: true })],
    });
    const run = await supervised(team, async (handle) => {
      await sleep(10);
      send("/root/supervisor/configured", "config");
      send("/root/supervisor/configured", "work");
      return await handle.result();
    });
    await run.clock.advance(10);
    expect(await run.finished()).toEqual({ configured: ["config", "work"] });
  });

  it("startedBy counts a late start of a retried process as a failure to be retried", async () => {
    const attempts: [number, unknown][] = [];
    const slow = agentProcess(async function slow() {
      const { attempt, lastError } = currentProcess();
      attempts.push([attempt, lastError]);
      if (attempt === 1) await sleep(10_000);
      emit("ready");
      done("up");
    });
    const run = await testRun(retry(slow, { startedBy: "ready", startTimeoutMs: 1_000 }), []);
    await run.clock.advance(1_000);
    expect(await run.finished()).toBe("up");
    expect(attempts.map(([n]) => n)).toEqual([1, 2]);
    expect(String(attempts[1]?.[1])).toContain("was not started within 1000 ms");
  });

  it("startedBy is stopped in bounded time while it waits for its event", async () => {
    const log: string[] = [];
    const team = supervisor({
      children: [child("store", slowStore, [log], { startedBy: "never" })],
    });
    const run = await supervised(team, async (handle) => {
      await sleep(1_500);
      await handle.cancel("enough");
      return [handle.state, handle.child("store")?.state];
    });
    await run.clock.advance(1_500);
    expect(await run.finished()).toEqual(["cancelled", "cancelled"]);
  });
});

describe("flags and specs that cannot be worked with", () => {
  const idle = agentProcess(async () => await wait());

  it("flags and specs that cannot be worked with are refused before anything runs", () => {
    const strategy = "one-for-none" as "one-for-one";
    expect(() => supervisor({ strategy })).toThrow("strategy is one-for-one, one-for-all");
    expect(() => supervisor({ name: "No" })).toThrow("cannot be the name of a supervisor");
    expect(() => supervisor({ intensity: { maxRestarts: -1 } })).toThrow("integers >= 0");
    expect(() => child("A B", idle)).toThrow("cannot be the name of a child of a supervisor");
  });

  it("flags and specs that cannot be worked with fail the supervisor when they show only with its children", async () => {
    const twice = supervisor({ children: [child("a", idle), child("a", idle)] });
    await expect((await testRun(twice, [])).finished()).rejects.toThrow("/supervisor/a exists");
    const significant = supervisor({ children: [child("a", idle, [], { significant: true })] });
    await expect((await testRun(significant, [])).finished()).rejects.toThrow(
      "autoShutdown is any-significant or all-significant",
    );
  });
});
