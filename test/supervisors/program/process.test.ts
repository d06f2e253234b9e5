import { describe, expect, it } from "vitest";
import type { RegistrySnapshot } from "../../../src/actors/registry/registry-actor.ts";
import {
  agentProcess,
  CancelledError,
  currentProcess,
  currentRuntime,
  done,
  emit,
  every,
  fail,
  isFailed,
  ProcessFailedError,
  ProcessTimeoutError,
  receive,
  retry,
  send,
  sleep,
  spawn,
  wait,
  whereis,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";
import { collect, typesOf } from "../../setup/collect.ts";

describe("the outcome of a process", () => {
  it("the outcome of a process is what the body returns", async () => {
    const run = await testRun(
      agentProcess(async (name: string) => `hello ${name}`),
      ["ada"],
    );
    expect(await run.finished()).toBe("hello ada");
    expect(await typesOf(run.handle.events)).toEqual(["done"]);
  });

  it("the outcome of a process is what done was given when the body returns nothing", async () => {
    const run = await testRun(
      agentProcess(async () => {
        done(1);
        done(2);
        fail("too late");
      }),
      [],
    );
    expect(await run.finished()).toBe(1);
  });

  it("the outcome of a process is a failure when fail was called and nobody waited", async () => {
    const run = await testRun(
      agentProcess(async () => {
        fail("no luck");
        return "ignored";
      }),
      [],
    );
    await expect(run.finished()).rejects.toThrow(ProcessFailedError);
    const [last] = await collect(run.handle.events);
    expect(last?.data).toMatchObject({ class: "fail", message: "/process failed: no luck" });
  });

  it("the outcome of a process says what it failed with, also when that was no error", async () => {
    const failing = agentProcess(async (how: "fail" | "throw") => {
      if (how === "throw") throw { stage: 2 };
      fail({ stage: 1 });
    });
    const messages: unknown[] = [];
    for (const how of ["fail", "throw"] as const) {
      const run = await testRun(failing, [how]);
      await run.finished().catch(() => {});
      const [last] = await collect(run.handle.events);
      messages.push(last?.data);
    }
    expect(messages).toMatchObject([
      { class: "fail", message: "/process failed: { stage: 1 }" },
      { class: "throw", message: "{ stage: 2 }" },
    ]);
  });

  it("the outcome of a process is told in the tree, with why it was no success", async () => {
    const child = agentProcess(async function child(how: string) {
      if (how === "throw") throw new Error("no luck");
      await wait();
    });
    const run = await testRun(
      agentProcess(async function root() {
        const [failed, stopped] = [spawn(child, "throw"), spawn(child, "wait")];
        await failed.result().catch(() => {});
        await stopped.cancel("not needed");
        return await currentRuntime().registry.call<RegistrySnapshot>((reply) => ({
          type: "snapshot",
          reply,
        }));
      }),
      [],
    );
    const { nodes: told } = await run.finished();
    const nodes = new Map(told.map(({ path, summary }) => [path, summary]));
    expect(nodes.get("/root/child")).toBe("no luck");
    expect(nodes.get("/root/child-2")).toBe("not needed");
  });

  it("the outcome of a process is a success when the body heard of the failure and went on", async () => {
    const run = await testRun(
      agentProcess(async () => {
        fail("no luck");
        return await wait().catch(() => "recovered");
      }),
      [],
    );
    expect(await run.finished()).toBe("recovered");
  });

  it.each<[string, () => void]>([
    ["fail says so", () => fail("no budget", { retryable: false })],
    ["its error says so", () => fail(Object.assign(new Error("no key"), { retryable: false }))],
  ])("the outcome of a process is not tried again when %s", async (_title, give) => {
    let tries = 0;
    const once = agentProcess(async function once() {
      tries += 1;
      give();
      await wait();
    });
    const run = await testRun(retry(once), []);
    await expect(run.finished()).rejects.toMatchObject({ code: "gave-up", retryable: false });
    expect(tries).toBe(1);
  });

  it("the outcome of a process rejects with the very error that the body threw", async () => {
    const error = new TypeError("boom");
    const run = await testRun(
      agentProcess(async () => {
        throw error;
      }),
      [],
    );
    await expect(run.finished()).rejects.toBe(error);
    expect(run.handle.state).toBe("failed");
  });

  it("the outcome of a process is a timeout, told apart, when the body takes too long", async () => {
    const slow = agentProcess({ timeoutMs: 1_000 }, async () => await wait());
    const run = await testRun(slow, []);
    await run.clock.advance(1_000);
    await expect(run.finished()).rejects.toThrow(ProcessTimeoutError);
    const [event] = await collect(run.handle.events);
    expect(event).toMatchObject({ type: "failed", data: { class: "timeout" } });
  });

  it("the outcome of a process refuses a body that is not async, and says so", async () => {
    const body = (() => 1) as unknown as () => Promise<number>;
    const run = await testRun(agentProcess({ name: "plain" }, body), []);
    await expect(run.finished()).rejects.toThrow("The body of /plain must be an async function");
  });
});

describe("a child process", () => {
  it("a child process runs nested, in the same run, and gives its result", async () => {
    const double = agentProcess(async function double(n: number) {
      return n * 2;
    });
    const paths: string[] = [];
    const root = agentProcess(async function root() {
      const handle = spawn(double, 1);
      paths.push(handle.path);
      const both = await Promise.all([double(2), double(3), handle.result()]);
      return both;
    });
    const run = await testRun(root, []);
    expect(await run.finished()).toEqual([4, 6, 2]);
    expect(paths).toEqual(["/root/double"]);
  });

  it("a child process does not fail its parent when it fails", async () => {
    const broken = agentProcess(async function broken() {
      throw new Error("mine");
    });
    const root = agentProcess(async () => {
      const handle = spawn(broken);
      await handle.events.waitFor("failed");
      return handle.state;
    });
    expect(await (await testRun(root, [])).finished()).toBe("failed");
  });

  it("a child process ends before its parent, in reverse order", async () => {
    const ended: string[] = [];
    const child = agentProcess(async function child(name: string) {
      try {
        await wait();
      } finally {
        ended.push(name);
      }
    });
    const root = agentProcess(async () => {
      for (const name of ["a", "b", "c"]) spawn(child, name);
      await sleep(0);
    });
    const run = await testRun(root, []);
    await run.clock.advance(0);
    await run.finished();
    expect(ended).toEqual(["c", "b", "a"]);
  });

  it("a child process has its whole budget on stop, after its parent has had its own", async () => {
    const ended: string[] = [];
    const slowly = async (name: string): Promise<void> => {
      try {
        await wait();
      } finally {
        await systemSleep(4_900);
        ended.push(name);
      }
    };
    const systemSleep = (ms: number): Promise<void> => run.clock.sleep(ms);
    const child = agentProcess(() => slowly("child"));
    const root = agentProcess(async () => {
      spawn(child);
      await slowly("root");
    });
    const run = await testRun(root, []);
    await run.clock.settle();
    const cancelled = run.handle.cancel("enough");
    await run.clock.advance(4_900);
    await run.clock.advance(4_900);
    await cancelled;
    expect(ended).toEqual(["root", "child"]);
    await expect(run.finished()).rejects.toThrow("enough");
  });

  it("a child process has its terminal event when it is cancelled before its first step", async () => {
    const entered: string[] = [];
    const child = agentProcess(async () => {
      entered.push("child");
    });
    const root = agentProcess(async () => {
      const handle = spawn(child);
      await handle.cancel("not needed");
      const events = await collect(handle.events);
      return { state: handle.state, types: events.map(({ type }) => type) };
    });
    expect(await (await testRun(root, [])).finished()).toEqual({
      state: "cancelled",
      types: ["cancelled"],
    });
    expect(entered).toEqual([]);
  });

  it("a child process rejects its result with CancelledError and the reason", async () => {
    const child = agentProcess(async () => await wait());
    const root = agentProcess(async () => {
      const handle = spawn(child);
      const result = handle.result().catch((error: unknown) => error);
      await sleep(0);
      await handle.cancel("enough");
      return await result;
    });
    const run = await testRun(root, []);
    await run.clock.advance(0);
    const error = await run.finished();
    expect(error).toBeInstanceOf(CancelledError);
    expect(String(error)).toContain("enough");
  });

  it("a child process begins a new epoch on restart, and the same loop reads on", async () => {
    let runs = 0;
    const flaky = agentProcess(async () => {
      runs += 1;
      if (runs < 3) throw new Error(`run ${runs}`);
      return runs;
    });
    const root = agentProcess(async () => {
      const handle = spawn(flaky);
      const seen: string[] = [];
      for await (const event of handle.events) {
        seen.push(`${event.type} ${event.epoch}`);
        if (isFailed(event)) await handle.restart();
      }
      return { seen, result: await handle.result() };
    });
    expect(await (await testRun(root, [])).finished()).toEqual({
      seen: ["failed 1", "failed 2", "done 3"],
      result: 3,
    });
  });

  it("a child process gets a free name when its name was defaulted, and is refused when it was given", async () => {
    const child = agentProcess(async function task() {
      await wait();
    });
    const root = agentProcess(async () => {
      const paths = [spawn(child).path, spawn(child).path];
      const named = child.with({ name: "task" });
      return { paths, refused: message(() => spawn(named)) };
    });
    expect(await (await testRun(root, [])).finished()).toEqual({
      paths: ["/process/task", "/process/task-2"],
      refused:
        '/process/task exists already; give this one another name, a process with .with({ name: "…" }).',
    });
  });

  it("a child process may not carry options of the run", async () => {
    const child = agentProcess({ name: "inner", logDir: "/tmp/elsewhere" }, async () => {});
    const root = agentProcess(async () => message(() => spawn(child)));
    expect(await (await testRun(root, [])).finished()).toContain(
      "/process/inner: logDir belongs to the run",
    );
  });
});

describe("the ambient verbs", () => {
  it("the ambient verbs throw, by name, outside a process", () => {
    for (const verb of [done, fail, emit, sleep, wait, receive, whereis, every] as const) {
      expect(() => (verb as () => unknown)()).toThrow(
        expect.objectContaining({ code: "outside-process" }),
      );
      expect(() => (verb as () => unknown)()).toThrow(
        `${verb.name}() was called outside a process`,
      );
    }
  });

  it("the ambient verbs mean the process whose code runs, whoever awaits", async () => {
    const child = agentProcess(async function child() {
      await sleep(10);
      emit("child-event");
      return currentProcess().path;
    });
    const root = agentProcess(async function root() {
      const handle = spawn(child);
      await sleep(10);
      emit("root-event");
      const path = await handle.result();
      const own = await collect(currentProcess().events, 1);
      return { path, own: own.map(({ type }) => type) };
    });
    const run = await testRun(root, []);
    await run.clock.advance(10);
    expect(await run.finished()).toEqual({ path: "/root/child", own: ["root-event"] });
  });

  it("the ambient verbs send to a path, and receive in order or by choice", async () => {
    const echo = agentProcess(async function echo() {
      const urgent = await receive<{ n: number }>({ where: ({ n }) => n === 2 });
      return [urgent, await receive(), await receive()];
    });
    const root = agentProcess(async function root() {
      const handle = spawn(echo);
      for (const n of [1, 2, 3]) send(handle.path, { n });
      return await handle.result();
    });
    expect(await (await testRun(root, [])).finished()).toEqual([{ n: 2 }, { n: 1 }, { n: 3 }]);
  });

  it("the ambient verbs reject what waits when the process is to stop, so that finally runs", async () => {
    const names: string[] = [];
    const child = agentProcess(async () => {
      await Promise.all(
        [wait(), sleep(1_000), receive()].map((waiting) =>
          waiting.catch((error: Error) => names.push(error.name)),
        ),
      );
    });
    const root = agentProcess(async () => {
      const handle = spawn(child);
      await sleep(0);
      await handle.cancel();
    });
    const run = await testRun(root, []);
    await run.clock.advance(0);
    await run.finished();
    expect(names).toEqual(["StoppedError", "StoppedError", "StoppedError"]);
  });

  it("the ambient verbs have no effect once a body that will not stop is abandoned", async () => {
    const late: unknown[] = [];
    const stubborn = agentProcess(async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      late.push(message(() => emit("too-late")));
    });
    let release = (): void => {};
    const root = agentProcess(async () => {
      const handle = spawn(stubborn);
      await sleep(0);
      await handle.cancel();
      release();
      await sleep(1);
      return { state: handle.state, types: await typesOf(handle.events) };
    });
    const run = await testRun(root, []);
    await run.clock.advance(0);
    await run.clock.advance(5_000);
    await run.clock.advance(1);
    expect(await run.finished()).toEqual({ state: "cancelled", types: ["cancelled"] });
    expect(late[0]).toContain("it has ended");
  });

  it("the ambient verbs call a timer until the process ends, and fail it when the timer throws", async () => {
    const ticking = agentProcess(async () => {
      let ticks = 0;
      every(100, () => {
        ticks += 1;
        emit("tick", ticks);
        if (ticks === 3) throw new Error("third");
      });
      await wait();
    });
    const run = await testRun(ticking, []);
    await run.clock.advance(1_000);
    await expect(run.finished()).rejects.toThrow("third");
    expect(await typesOf(run.handle.events)).toEqual(["tick", "tick", "tick", "failed"]);
  });
});

function message(act: () => unknown): string {
  try {
    act();
    return "nothing was thrown";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
