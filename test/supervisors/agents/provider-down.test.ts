import { describe, expect, it } from "vitest";
import { agent, agentProcess, emit, retry, wait } from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

/** Sets fifty agents to work: all at once, or the others when the first has found out that the provider fails. */
const crowd = agentProcess(async function crowd(atOnce: boolean) {
  const agents = await Promise.all(Array.from({ length: 50 }, (_, n) => agent(`a${n}`)));
  const [first, ...others] = agents;
  const receipts = [await first?.send("work")];
  if (!atOnce) await first?.events.waitFor("model-failed");
  receipts.push(...(await Promise.all(others.map((one) => one.send("work")))));
  emit("sent");
  await Promise.all(receipts.map((receipt) => receipt?.turn()));
});

/** At which ms a provider was asked that is down for two minutes and then answers. */
async function asked(atOnce: boolean) {
  let isDown = true;
  const moments: number[] = [];
  const run = await testRun(crowd, [atOnce], {
    script: async (agent) => {
      for await (const _ of agent.messages) {
        moments.push(run.clock.now());
        if (isDown) agent.failModel("503 Service Unavailable");
        else agent.say("done");
      }
    },
  });
  await run.handle.events.waitFor("sent");
  if (atOnce) await expect.poll(() => moments.length).toBe(50);
  for (let n = 0; n < 120; n++) await run.clock.advance(1_000);
  const whileDown = [...moments];
  isDown = false;
  for (let n = 0; n < 200; n++) await run.clock.advance(1_000);
  await run.finished();
  return { whileDown, after: moments.slice(whileDown.length) };
}

/** The most of these moments within `ms` of each other. */
function densest(moments: readonly number[], ms: number): number {
  const crowds = moments.map((from) => moments.filter((at) => at >= from && at < from + ms));
  return Math.max(...crowds.map(({ length }) => length));
}

describe("fifty agents on one provider that fails", () => {
  it("fifty agents on one provider that fails let one of them ask, and come back one after the other", async () => {
    const { whileDown, after } = await asked(false);
    // Alone, each of the fifty would have asked seven times.
    expect(whileDown.length).toBeLessThanOrEqual(20);
    expect(after.length).toBe(50);
    expect(densest(after, 100)).toBeLessThanOrEqual(10);
  });

  // They all looked again at the very moment that a later failure had put off.
  it("fifty agents on one provider that fails do so too when it fails all of them at one moment", async () => {
    const { whileDown, after } = await asked(true);
    expect(whileDown.length).toBeLessThanOrEqual(50 + 20);
    expect(after.length).toBe(50);
    expect(densest(after, 100)).toBeLessThanOrEqual(10);
  });
});

// The process failed with an error that said nothing of it, and was restarted for ever.
it("a provider is not asked again by a restart of the process, when its key is wrong", async () => {
  let attempts = 0;
  const program = agentProcess(async function program() {
    attempts += 1;
    await agent("worker", { prompt: "Begin." });
    await wait();
  });
  const run = await testRun(retry(program), [], {
    script: async (worker) => {
      for await (const _ of worker.messages) worker.failModel("401 invalid x-api-key");
    },
  });
  const error = await run.finished().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "gave-up",
    retryable: false,
    cause: { code: "gave-up", cause: { class: "model", retryable: false } },
  });
  expect(attempts).toBe(1);
});
