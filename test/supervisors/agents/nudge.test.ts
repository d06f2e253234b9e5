import { describe, expect, it } from "vitest";
import { agent, agentProcess, connect, done, emit, wait } from "../../../src/index.ts";
import type { NudgeOptions } from "../../../src/supervisors/agents/nudge.ts";
import { agentMemoryOf } from "../../../src/supervisors/process/agent.ts";
import type { ProcessHandle } from "../../../src/supervisors/process/process-handle.ts";
import { type Script, testRun } from "../../../src/testing.ts";

const team = agentProcess(async function team(max: number) {
  const worker = await agent("worker", { prompt: "work", nudge: { max } });
  worker.on("finish", { description: "Hand it in." }, () => done("finished"));
  return await wait<string>();
});

/** Forgets to hand in so often. */
const forgetful =
  (times: number): Script =>
  async (agent) => {
    let forgot = 0;
    for await (const { text } of agent.messages) {
      agent.say(text);
      if (forgot++ >= times) await agent.call("finish");
    }
  };

/** The events of these types that an agent has so far. */
function toldBy(
  run: { readonly handle: Pick<ProcessHandle, "agents"> },
  name: string,
  types: readonly string[],
) {
  const one = run.handle.agents.get(name);
  const events = one === undefined ? [] : agentMemoryOf(one).events.recent();
  return events.filter(({ type }) => types.includes(type)).map(({ type, data }) => [type, data]);
}

/** Waits until an agent was reminded so often, and has come to rest again after that. */
async function nudgedTimes(run: Parameters<typeof toldBy>[0], name: string, times: number) {
  const told = () => toldBy(run, name, ["nudged", "idle"]).map(([type]) => type);
  const rested = () => {
    const last = told().lastIndexOf("nudged");
    return told().filter((type) => type === "nudged").length === times && told().length > last + 1;
  };
  await expect.poll(rested).toBe(true);
}

it("a process reminds an agent that has come to rest of its tools, until it calls one", async () => {
  const run = await testRun(team, [3], { script: forgetful(2) });
  await nudgedTimes(run, "worker", 1);
  await run.clock.advance(60_000);
  expect(await run.finished()).toBe("finished");
  const worker = run.handle.agents.get("worker");
  const events = [];
  for await (const event of worker?.events ?? []) events.push(event);
  expect(events.filter(({ type }) => type === "nudged").map(({ data }) => data)).toEqual([
    { count: 1, max: 3 },
    { count: 2, max: 3 },
  ]);
  const said = events
    .filter(({ type }) => type === "message")
    .map(({ data }) => String((data as { text: string }).text));
  expect(said.at(-1)).toContain("finish");
});

it("a process says that nothing will come any more when it was reminded in vain", async () => {
  const run = await testRun(team, [2], { script: forgetful(1_000) });
  await nudgedTimes(run, "worker", 1);
  await run.clock.advance(60_000);
  await run.handle.events.waitFor("quiescent");
  const worker = run.handle.agents.get("worker");
  await run.handle.cancel("enough");
  await run.finished().catch(() => {});
  const types = [];
  for await (const { type } of worker?.events ?? []) types.push(type);
  expect(types.filter((type) => type === "nudged")).toHaveLength(2);
});

describe("an agent that ends its turn while another is busy", () => {
  /** `early` talks instead of calling its tool; `busy` works for five minutes. */
  const pair = agentProcess(async function pair(tool: string | undefined) {
    const busy = await agent("busy", { prompt: "work" });
    const early = await agent("early", { prompt: "work", nudge: { tool, max: 2 } });
    const approved = new Promise((resolve) => {
      early.on("approve", { description: "Approve." }, resolve);
    });
    early.on("ask", { description: "Ask." }, () => "an answer");
    busy.on("finish", { description: "Hand it in." }, async () => {
      await approved;
      done("finished");
    });
    emit("ready");
    return await wait<string>();
  });
  const fiveMinutes = 300_000;

  /** Plays until `early` has told so many things, and no more comes. */
  async function played(tool: string | undefined, count: number, early: Script) {
    const script: Script = async (agent) => {
      if (agent.name === "early") return await early(agent);
      for await (const _ of agent.messages) {
        await agent.sleep(fiveMinutes);
        await agent.call("finish");
      }
    };
    const run = await testRun(pair, [tool], { script });
    await run.handle.events.waitFor("ready");
    const told = () => toldBy(run, "early", ["tool-missed", "nudged"]);
    if (tool !== undefined) {
      await nudgedTimes(run, "early", 1);
      await run.clock.advance(60_000);
    }
    await expect.poll(() => told().length).toBe(count);
    for (let n = 0; n < 20; n++) await run.clock.advance(1_000);
    await expect.poll(() => run.handle.agents.get("early")?.state).toBe("idle");
    return { run, beside: run.handle.agents.get("busy")?.state, told: told() };
  }

  it("an agent that ends its turn while another is busy is told of as an event, and reminded of the tool that was named", async () => {
    let turns = 0;
    const { run, beside, told } = await played("approve", 4, async (agent) => {
      for await (const _ of agent.messages) {
        if (++turns === 2) await agent.call("ask");
        if (turns === 3) await agent.call("approve");
        agent.say("I am done, I think.");
      }
    });
    expect(beside).toBe("working");
    expect(told).toEqual([
      ["tool-missed", { tools: ["approve"] }],
      ["nudged", { count: 1, max: 2 }],
      ["tool-missed", { tools: ["approve"] }],
      ["nudged", { count: 2, max: 2 }],
    ]);
    await run.clock.advance(fiveMinutes);
    expect(await run.finished()).toBe("finished");
  });

  it("an agent that ends its turn while another is busy is told of, and waited with, when no tool was named", async () => {
    const { run, told } = await played(undefined, 1, async (agent) => {
      for await (const { text } of agent.messages) {
        if (text !== "work") await agent.call("approve");
        agent.say("What else?");
      }
    });
    expect(told).toEqual([["tool-missed", { tools: ["approve", "ask"] }]]);
    await run.handle.cancel("enough");
    await run.finished().catch(() => {});
  });

  it("an agent that ends its turn while another is busy has missed nothing when it called its tool, and has when the tool refused", async () => {
    const refusing = agentProcess(async function refusing() {
      const worker = await agent("worker", { prompt: "work", nudge: { tool: "finish" } });
      let handedIn = 0;
      worker.on("finish", { description: "Hand it in." }, () => {
        if (++handedIn === 1) throw new Error("the tests fail");
        if (handedIn === 2) return "good, wait for more";
        return done("finished");
      });
      return await wait<string>();
    });
    const run = await testRun(refusing, [], {
      script: async (agent) => {
        for await (const _ of agent.messages) {
          await agent.call("finish").catch(() => {});
          agent.say("so be it");
        }
      },
    });
    await run.handle.events.waitFor("quiescent");
    expect(toldBy(run, "worker", ["tool-missed", "nudged"])).toEqual([
      ["tool-missed", { tools: ["finish"] }],
      ["nudged", { count: 1, max: 3 }],
    ]);
    await run.handle.cancel("enough");
    await run.finished().catch(() => {});
  });
});

it("a process leaves alone an agent that was broken off", async () => {
  const program = agentProcess(async function program() {
    const worker = await agent("worker", { prompt: "work", nudge: { tool: "finish" } });
    worker.on("finish", { description: "Hand it in." }, () => done());
    void worker.events.waitFor("message").then(() => worker.interrupt());
    await wait();
  });
  const run = await testRun(program, [], {
    script: async (agent) => {
      for await (const _ of agent.messages) await agent.sleep(60_000);
    },
  });
  await run.handle.events.waitFor("quiescent");
  expect(toldBy(run, "worker", ["tool-missed", "nudged"])).toEqual([]);
  await run.handle.cancel("enough");
  await run.finished().catch(() => {});
});

it("a process sees, when a process begins to wait, who came to rest before", async () => {
  const late = agentProcess(async function late() {
    const worker = await agent("worker", { nudge: { max: 1 } });
    worker.on("finish", { description: "Hand it in." }, () => done());
    await (await worker.send("work")).turn();
    await wait();
  });
  const run = await testRun(late, [], { script: forgetful(1_000) });
  await run.handle.events.waitFor("quiescent");
  expect(toldBy(run, "worker", ["tool-missed", "nudged"]).map(([type]) => type)).toEqual([
    "tool-missed",
    "nudged",
    "tool-missed",
  ]);
  await run.handle.cancel("enough");
  await run.finished().catch(() => {});
});

describe("an agent that is reminded of one tool", () => {
  const lone = agentProcess(async function lone(options: Partial<NudgeOptions>) {
    const worker = await agent("worker", { prompt: "work", nudge: { tool: "finish", ...options } });
    worker.on("finish", { description: "Hand it in." }, () => done("finished"));
    return await wait<string>();
  });

  it("an agent that is reminded of one tool is reminded at most once in a minute, then in two, then in four", async () => {
    const run = await testRun(lone, [{ max: 4 }], { script: forgetful(1_000) });
    const moments: number[] = [];
    for (const times of [1, 2, 3, 4]) {
      await nudgedTimes(run, "worker", times);
      moments.push(run.clock.now());
      for (let n = 0; n < 10 * 2 ** times && countOf(run, "nudged") === times; n++) {
        await run.clock.advance(6_000);
      }
    }
    const between = moments.slice(1).map((moment, n) => moment - (moments[n] ?? 0));
    expect(between).toEqual([60_000, 120_000, 240_000]);
    await run.handle.cancel("enough");
    await run.finished().catch(() => {});
  });

  it("an agent that is reminded of one tool fails its process when it was reminded in vain and that is asked for", async () => {
    // biome-ignore lint/suspicious/noThenProperty: a word that nobody calls.
    const options = { max: 2, afterMs: 1_000, then: "fail" } as const;
    const run = await testRun(lone, [options], { script: forgetful(1_000) });
    await nudgedTimes(run, "worker", 1);
    await run.clock.advance(1_000);
    await expect(run.finished()).rejects.toThrow(
      "/lone failed: worker came to rest without calling finish, and was reminded 2 times",
    );
  });
});

describe("an agent that asked another one", () => {
  const pair = agentProcess(async function pair(then: "wait" | "fail") {
    const reviewer = await agent("reviewer");
    const nudge = { tool: "finish", then, afterMs: 1_000 } as const;
    const worker = await agent("worker", { nudge });
    connect(worker, reviewer);
    worker.on("finish", { description: "Hand it in." }, () => done("finished"));
    await worker.send("work");
    return await wait<string>();
  });

  /** Asks the reviewer and rests; hands in when it is reminded. */
  const asking: Script = async (self) => {
    for await (const { text } of self.messages) {
      if (text === "work") await self.call("message", { receiver: "reviewer", message: "Good?" });
      if (text.includes("handed in")) await self.call("finish");
      self.say("so be it");
    }
  };

  const tellings = ["tool-missed", "nudged"];

  /** Answers, or says nothing, eight minutes after each message. */
  function slow(says?: string): { readonly script: Script; readonly asked: () => Promise<void> } {
    let asked = 0;
    const script: Script = async (self) => {
      for await (const _ of self.messages) {
        asked += 1;
        await self.sleep(500_000);
        if (says !== undefined) await self.call("message", { receiver: "worker", message: says });
      }
    };
    const poll = () => expect.poll(() => asked).toBe(1);
    return { script, asked: async () => await poll() };
  }

  it("an agent that asked another one is not reminded while it waits for the answer, and is when that has come", async () => {
    const { script: reviewer, asked } = slow("yes");
    const run = await testRun(pair, ["wait"], { script: { worker: asking, reviewer } });
    await asked();
    await expect.poll(() => countOf(run, "tool-missed")).toBe(1);
    for (let n = 0; n < 17; n++) await run.clock.advance(29_000);
    expect(toldBy(run, "worker", tellings).map(([type]) => type)).toEqual(["tool-missed"]);
    await run.clock.advance(30_000);
    expect(await run.finished()).toBe("finished");
    expect(countOf(run, "nudged")).toBe(1);
  });

  it("an agent that asked another one is reminded when the one that it asked has ended", async () => {
    const { script: reviewer, asked } = slow();
    const run = await testRun(pair, ["wait"], { script: { worker: asking, reviewer } });
    await asked();
    await expect.poll(() => countOf(run, "tool-missed")).toBe(1);
    await run.handle.agents.get("reviewer")?.stop();
    expect(await run.finished()).toBe("finished");
  });

  it("an agent that asked another one leaves its process quiescent, or failed, only when the one that it asked rests too", async () => {
    for (const then of ["wait", "fail"] as const) {
      const { script: reviewer, asked } = slow();
      const run = await testRun(pair, [then], { script: { worker: asking, reviewer } });
      await asked();
      await expect.poll(() => countOf(run, "tool-missed")).toBe(1);
      await run.clock.advance(499_000);
      expect([run.handle.state, countOf(run, "nudged")]).toEqual(["running", 0]);
      const end = run.finished().catch((error: unknown) => String(error));
      await run.clock.advance(1_000);
      if (then === "wait") {
        await run.handle.events.waitFor("quiescent");
        await run.handle.cancel("enough");
      } else {
        expect(await end).toContain(
          "worker came to rest without calling finish; it waits for an answer of reviewer, which came to rest too",
        );
      }
      await end;
      expect(countOf(run, "nudged")).toBe(0);
    }
  });
});

function countOf(run: Parameters<typeof toldBy>[0], type: string): number {
  return toldBy(run, "worker", [type]).length;
}
