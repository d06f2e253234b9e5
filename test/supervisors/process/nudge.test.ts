import { expect, it } from "vitest";
import { agent, agentProcess, done, emit, wait } from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

const team = agentProcess(async function team(max: number) {
  const worker = await agent("worker", { prompt: "work", nudge: { max } });
  worker.on("finish", { description: "Hand it in." }, () => done("finished"));
  return await wait<string>();
});

/** Forgets to hand in so often. */
const forgetful =
  (times: number) => async (agent: import("../../../src/testing.ts").ScriptedAgent) => {
    let forgot = 0;
    for await (const { text } of agent.messages) {
      agent.say(text);
      if (forgot++ >= times) await agent.call("finish");
    }
  };

it("reminds an agent that has come to rest of its tools, until it calls one", async () => {
  const run = await testRun(team, [3], { script: forgetful(2) });
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

it("says that nothing will come any more when it was reminded in vain", async () => {
  const run = await testRun(team, [2], { script: forgetful(1_000) });
  await run.handle.events.waitFor("quiescent");
  const worker = run.handle.agents.get("worker");
  await run.handle.cancel("enough");
  await run.finished().catch(() => {});
  const types = [];
  for await (const { type } of worker?.events ?? []) types.push(type);
  expect(types.filter((type) => type === "nudged")).toHaveLength(2);
});

it("lets fifty agents on one failing provider wait together, and come back one by one", async () => {
  let isDown = true;
  const asked: number[] = [];
  const crowd = agentProcess(async function crowd() {
    const receipts = [];
    for (let n = 0; n < 50; n++) {
      const one = await agent(`a${n}`);
      receipts.push(await one.send("work"));
    }
    emit("sent");
    await Promise.all(receipts.map((receipt) => receipt.turn()));
  });
  const run = await testRun(crowd, [], {
    script: async (agent) => {
      for await (const _ of agent.messages) {
        asked.push(run.clock.now());
        if (isDown) agent.failModel("503 Service Unavailable");
        else agent.say("done");
      }
    },
  });
  await run.handle.events.waitFor("sent");
  await run.clock.settle();
  for (let n = 0; n < 60; n++) await run.clock.advance(1_000);
  const whileDown = asked.length;
  isDown = false;
  for (let n = 0; n < 100; n++) await run.clock.advance(1_000);
  await run.finished();
  // Alone, each of the fifty would have asked six times in that minute.
  expect(whileDown).toBeLessThan(100);
  expect(new Set(asked.slice(-40)).size).toBeGreaterThan(20);
});
