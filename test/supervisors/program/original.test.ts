import { describe, expect, it } from "vitest";
import {
  agent,
  agentProcess,
  all,
  bubble,
  contract,
  currentProcess,
  done,
  emit,
  expose,
  GaveUpError,
  isDone,
  type LogEvent,
  type ProcessHandle,
  race,
  receive,
  retry,
  send,
  settled,
  sleep,
  spawn,
  wait,
} from "../../../src/index.ts";
import { type Script, testRun } from "../../../src/testing.ts";
import { collect } from "../../setup/collect.ts";

function named({ type, source }: LogEvent): string {
  return source === undefined ? type : `${source}:${type}`;
}

/** Runs `body` as a root process whose agents follow `script`. */
async function run<Result>(body: () => Promise<Result>, script: Script = () => {}) {
  return await testRun(agentProcess({ name: "root" }, body), [], { script });
}

// Each title is a row of reference/original.md, section 2: what its users expected and did not get.
describe("where the original was silent", () => {
  it("retry loop in the README: the same loop sees the epochs that it starts", async () => {
    let spawns = 0;
    const flaky = agentProcess(async function flaky() {
      spawns += 1;
      if (spawns < 3) throw new Error("flaky");
      return "third";
    });
    const started = await run(async () => {
      const handle = spawn(flaky);
      for await (const event of handle.events) {
        if (event.type === "failed") await handle.restart();
        if (isDone(event)) return event.data.result;
      }
      return "the loop ended";
    });
    expect(await started.finished()).toBe("third");
    expect(spawns).toBe(3);
  });

  it("AP directly awaited inside a spawned AP: each handle is bound to one process", async () => {
    const inner = agentProcess(async function inner() {
      emit("inner-event");
      return "inner";
    });
    const outer = agentProcess(async function outer() {
      const result = await inner();
      emit("outer-event", result);
      return "outer";
    });
    const started = await run(async () => {
      const handle = spawn(outer);
      return { result: await handle.result(), seen: (await collect(handle.events)).map(named) };
    });
    expect(await started.finished()).toEqual({ result: "outer", seen: ["outer-event", "done"] });
  });

  it("parent returns while children run: they end first, in reverse start order", async () => {
    const log: string[] = [];
    const child = agentProcess(async function child(name: string) {
      await agent("worker");
      try {
        await wait();
      } finally {
        log.push(name);
      }
    });
    const started = await run(async () => {
      const handles = [spawn(child, "a"), spawn(child, "b")];
      for (const { path } of handles) await settledAgent(path);
      log.push("returns");
    });
    await started.finished();
    expect(log).toEqual(["returns", "b", "a"]);
    expect(started.clock.pending).toBe(0);
  });

  it("cancel before the child's first step: one terminal event, and the stream ends", async () => {
    const never = agentProcess(async () => {});
    const started = await run(async () => {
      const handle = spawn(never);
      await handle.cancel();
      return (await collect(handle.events)).map(named);
    });
    expect(await started.finished()).toEqual(["cancelled"]);
  });

  it("cancel during agent(): machine and name are free again", async () => {
    const starting = agentProcess(async function starting() {
      await agent("worker");
    });
    const started = await run(async () => {
      const handle = spawn(starting);
      await Promise.resolve();
      await handle.cancel();
      await handle.restart();
      await handle.result();
      return handle.state;
    });
    expect(await started.finished()).toBe("done");
  });

  it('two pools with an agent called "worker": names are unique in a process, not in the run', async () => {
    const team = agentProcess(async function team() {
      return (await agent("worker")).path;
    });
    const started = await run(async () => await Promise.all([team(), team(), team()]));
    expect(await started.finished()).toEqual([
      "/root/team/worker",
      "/root/team-2/worker",
      "/root/team-3/worker",
    ]);
  });

  it("child's terminal event bubbled: it has a source and is never taken for one's own", async () => {
    const leaf = agentProcess(async function leaf() {
      emit("news");
      return 1;
    });
    const middle = agentProcess(async function middle() {
      const handle = spawn(leaf);
      await handle.events.waitFor("news");
      bubble(handle); // Late: what came before is replayed.
      await handle.result();
      await wait();
    });
    const started = await run(async () => {
      const handle = spawn(middle);
      bubble(handle, { source: "m" });
      await currentProcess().events.waitFor("done");
      const state = handle.state;
      await handle.cancel();
      return state;
    });
    expect(await started.finished()).toBe("running");
    expect((await collect(started.handle.events)).map(named)).toEqual([
      "m/leaf:news",
      "m/leaf:done",
      "m:cancelled",
      "done",
    ]);
  });

  it("bubble with `only` forwards those alone, once however often it is called, until unsubscribed", async () => {
    const noisy = agentProcess(async function noisy() {
      emit("noise");
      emit("news");
      await receive();
      emit("news");
    });
    const started = await run(async () => {
      const handle = spawn(noisy);
      const stop = bubble(handle, { only: ["news"] });
      bubble(handle, { only: ["news"] });
      await handle.events.waitFor("news");
      stop();
      stop();
      send(handle, "go");
      await handle.result();
    });
    await started.finished();
    expect((await collect(started.handle.events)).map(named)).toEqual(["noisy:news", "done"]);
  });

  it("bubbling round in a circle is refused", async () => {
    const handles: ProcessHandle[] = [];
    const one = agentProcess(async function one(other: number) {
      const told = await receive();
      if (told === "bubble") {
        try {
          bubble(handles[other] as ProcessHandle);
        } catch (error) {
          return String(error);
        }
      }
      return "fine";
    });
    const started = await run(async () => {
      handles.push(spawn(one, 1), spawn(one, 0));
      const results: unknown[] = [];
      for (const handle of handles) {
        send(handle, "bubble");
        results.push(await handle.result());
      }
      return results;
    });
    const [first, second] = await started.finished();
    expect(first).toBe("fine");
    expect(second).toContain("its events would come round; bubble upwards only");
  });

  it("unhandled child failure: an event on its log and in the tree, its siblings untouched", async () => {
    const broken = agentProcess(async function broken() {
      throw new Error("mine");
    });
    const steady = agentProcess(async function steady() {
      await sleep(10);
      return "steady";
    });
    const started = await run(async () => {
      const [bad, good] = [spawn(broken), spawn(steady)];
      return { good: await good.result(), bad: bad.state, events: await collect(bad.events) };
    });
    await started.clock.advance(10);
    const { good, bad, events } = await started.finished();
    expect([good, bad]).toEqual(["steady", "failed"]);
    expect(events).toMatchObject([{ type: "failed", data: { class: "throw", message: "mine" } }]);
  });

  it("handler for attached tool after child died: the tool is withdrawn, a running call told", async () => {
    const service = agentProcess(async function service() {
      expose("slow", async () => await wait());
      emit("ready");
      await wait();
    });
    const answers: string[] = [];
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) {
        answers.push(worker.tools.map(({ name }) => name).join());
        answers.push(await worker.call("slow").catch(String));
        while (worker.tools.length > 0) await turnOfLoop();
        answers.push(await worker.call("slow").catch(String));
      }
    };
    const started = await run(async () => {
      const worker = await agent("worker");
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      await handle.attach(worker);
      const receipt = await worker.send("go");
      await worker.events.waitFor("tool-called");
      await handle.cancel();
      await receipt.turn();
    }, script);
    await started.finished();
    expect(answers[0]).toBe("slow");
    expect(answers[1]).toMatch(/it was stopped|is gone/);
    expect(answers[2]).toContain("There is no tool slow");
  });

  it("tools appear live: attached and withdrawn while the agent works", async () => {
    const service = agentProcess(async function service() {
      expose("ping", () => "pong");
      emit("ready");
      await wait();
    });
    const seen: string[] = [];
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) {
        seen.push(worker.tools.map(({ name }) => name).join());
        await worker.call("attach");
        while (worker.tools.length < 3) await turnOfLoop();
        seen.push(await worker.call("s_ping"));
        await worker.call("detach");
        while (worker.tools.length > 2) await turnOfLoop();
        seen.push(worker.tools.map(({ name }) => name).join());
      }
    };
    const started = await run(async () => {
      const worker = await agent("worker");
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      let detach = (): void => {};
      worker.on("attach", { description: "" }, async () => {
        detach = await handle.attach(worker, { only: ["ping"], prefix: "s_" });
      });
      worker.on("detach", { description: "" }, () => detach());
      await (await worker.send("go")).turn();
    }, script);
    await started.finished();
    expect(seen).toEqual(["attach,detach", "pong", "attach,detach"]);
  });

  it("order of `done` vs teardown: the handler's result reaches the agent first", async () => {
    const answers: string[] = [];
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) answers.push(await worker.call("finish"));
    };
    const started = await run(async () => {
      const worker = await agent("worker");
      worker.on("finish", { description: "" }, () => {
        done("result");
        return "Thank you.";
      });
      await worker.send("go");
      return await wait();
    }, script);
    expect(await started.finished()).toBe("result");
    expect(answers).toEqual(["Thank you."]);
  });

  it("timeout scope: endpoint calls have a limit of their own, and their handler hears of it", async () => {
    const reasons: string[] = [];
    const service = agentProcess(async function service() {
      expose("slow", async (_, { signal }) => {
        signal.addEventListener("abort", () => reasons.push("aborted"));
        await wait();
      });
      emit("ready");
      await wait();
    });
    const started = await run(async () => {
      const handle = spawn(service);
      await handle.events.waitFor("ready");
      return await handle.call("slow", undefined, { timeoutMs: 1_000 }).catch(String);
    });
    await started.clock.advance(1_000);
    expect(await started.finished()).toContain("did not answer within 1000 ms");
    expect(reasons).toEqual(["aborted"]);
  });

  it("defect 9: a handler that awaits an event of its own agent does not freeze it", async () => {
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) {
        const waiting = worker.call("wait_for_me");
        await worker.call("quick");
        worker.say(await waiting);
      }
    };
    const started = await run(async () => {
      const worker = await agent("worker");
      worker.on("quick", { description: "" }, () => "quick");
      worker.on("wait_for_me", { description: "" }, async () => {
        await worker.events.waitFor("tool-returned");
        return "waited";
      });
      return (await (await worker.send("go")).turn()).text;
    }, script);
    expect(await started.finished()).toBe("waited");
  });
});

async function settledAgent(path: string): Promise<void> {
  while (currentProcess().whereis(`${path}/worker`) === undefined) {
    await turnOfLoop();
  }
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("joins", () => {
  const after = agentProcess(async function after(ms: number, error?: string) {
    await sleep(ms);
    if (error !== undefined) throw new Error(error);
    return ms;
  });

  it("all gives every result in order; a failure cancels the others", async () => {
    const started = await run(async () => {
      const good = await all([spawn(after, 20), spawn(after, 10)]);
      const handles = [spawn(after, 1_000), spawn(after, 5, "boom")] as const;
      const error = await all(handles).catch(String);
      return { good, error, states: handles.map(({ state }) => state) };
    });
    await started.clock.advance(100);
    expect(await started.finished()).toEqual({
      good: [20, 10],
      error: "Error: boom",
      states: ["cancelled", "failed"],
    });
  });

  it("race gives the first outcome, good or bad; the losers are cancelled and cleaned", async () => {
    const started = await run(async () => {
      const handles = [spawn(after, 1_000), spawn(after, 5)] as const;
      const first = await race(handles);
      const bad = await race([spawn(after, 1_000), spawn(after, 5, "first")]).catch(String);
      return { first, bad, states: handles.map(({ state }) => state) };
    });
    await started.clock.advance(100);
    expect(await started.finished()).toEqual({
      first: 5,
      bad: "Error: first",
      states: ["cancelled", "done"],
    });
  });

  it("settled tells how each ended, and none disturbs another", async () => {
    const started = await run(async () => await settled([spawn(after, 5, "no"), spawn(after, 10)]));
    await started.clock.advance(10);
    expect(await started.finished()).toMatchObject([
      { status: "rejected", reason: new Error("no") },
      { status: "fulfilled", value: 10 },
    ]);
  });
});

describe("retry", () => {
  const failing = (times: number, error = () => new Error("again")) => {
    let runs = 0;
    const process = agentProcess(async function failing() {
      runs += 1;
      if (runs <= times) throw error();
      return `run ${runs}`;
    });
    return { process, runs: () => runs };
  };

  it("retry waits between attempts as its backoff says, on the run's clock", async () => {
    const { process, runs } = failing(3);
    const backoff = { initialMs: 1_000, factor: 3, maxMs: 5_000, jitter: 0 };
    const started = await testRun(retry(process, { withinMs: 60_000, backoff }), []);
    const seen: number[] = [];
    for (const ms of [999, 1, 2_999, 1, 4_999, 1]) {
      await started.clock.advance(ms);
      seen.push(runs());
    }
    expect(seen).toEqual([1, 2, 2, 3, 3, 4]);
    expect(await started.finished()).toBe("run 4");
  });

  it("retry gives up beyond its limits; the last error is the cause and gave-up an event", async () => {
    const { process } = failing(9, () => new TypeError("mine"));
    const started = await testRun(retry(process, { maxRestarts: 2 }), []);
    const error = await started.finished().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GaveUpError);
    expect(error).toHaveProperty("cause", new TypeError("mine"));
    expect((await collect(started.handle.events)).map(named)).toEqual([
      "run:failed",
      "restarting",
      "restarted",
      "run:failed",
      "restarting",
      "restarted",
      "run:failed",
      "gave-up",
      "failed",
    ]);
  });

  it("retry gives up at once when restartIf says that no restart would help", async () => {
    const { process, runs } = failing(9);
    const restartIf = () => runs() < 2;
    const started = await testRun(retry(process, { restartIf }), []);
    await expect(started.finished()).rejects.toThrow("no restart would help");
    expect(runs()).toBe(2);
  });

  it("retry never restarts what is temporary, and rejects with its own error", async () => {
    const { process, runs } = failing(9, () => new TypeError("mine"));
    const started = await testRun(retry(process, { restart: "temporary" }), []);
    await expect(started.finished()).rejects.toBeInstanceOf(TypeError);
    expect(runs()).toBe(1);
  });

  it("retry tells the next attempt its number and the last error", async () => {
    const seen: unknown[] = [];
    const telling = agentProcess(async function telling() {
      const { attempt, lastError } = currentProcess();
      seen.push([attempt, lastError instanceof Error ? lastError.message : lastError]);
      if (attempt < 3) throw new Error(`attempt ${attempt}`);
    });
    await (await testRun(retry(telling), [])).finished();
    expect(seen).toEqual([
      [1, undefined],
      [2, "attempt 1"],
      [3, "attempt 2"],
    ]);
  });

  it("retry keeps endpoints, agents and mailbox of the one it stands for", async () => {
    const shape = contract({ endpoints: { echo: {} } });
    const service = agentProcess({ name: "service", contract: shape }, async () => {
      await agent("worker");
      expose("echo", () => "echo");
      await wait();
    });
    const started = await run(async () => {
      const handle = spawn(retry(service));
      const answer = await handle.api.echo();
      return { answer, agents: [...handle.agents.keys()] };
    });
    expect(await started.finished()).toEqual({ answer: "echo", agents: ["worker"] });
  });
});

describe("the events of an endless process", () => {
  it("the events of an endless process stay bounded in memory; a late reader reads them all, from the journal", async () => {
    const endless = agentProcess(async function endless() {
      for (let n = 1; n <= 25_000; n += 1) emit("n", n);
      await wait();
    });
    const started = await run(async () => {
      const handle = spawn(endless);
      const read: LogEvent[] = [];
      for await (const event of handle.events) if (read.push(event) === 25_000) break;
      const strange = read.filter(
        ({ seq, type, data, path }, index) =>
          seq !== index + 1 || type !== "n" || data !== seq || path !== handle.path,
      );
      return strange.slice(0, 3);
    });
    expect(await started.finished()).toEqual([]);
  });
});
