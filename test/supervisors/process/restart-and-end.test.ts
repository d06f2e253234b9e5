import { describe, expect, it } from "vitest";
import {
  agentProcess,
  contract,
  currentProcess,
  EndpointError,
  emit,
  expose,
  isFailed,
  retry,
  sleep,
  spawn,
  wait,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

describe("a loop over the events of a process", () => {
  it("a loop over the events of a process reads on when it restarts the process and does not wait for it", async () => {
    let runs = 0;
    const flaky = agentProcess(async function flaky() {
      runs += 1;
      if (runs < 3) throw new Error(`not yet ${runs}`);
      return runs;
    });
    const root = agentProcess(async function root() {
      const handle = spawn(flaky);
      const seen: string[] = [];
      for await (const event of handle.events) {
        seen.push(`${event.type}@${event.epoch}`);
        if (isFailed(event)) void handle.restart();
      }
      return seen;
    });
    await using run = await testRun(root, []);
    expect(await run.finished()).toEqual(["failed@1", "failed@2", "done@3"]);
  });

  it("a loop over the events of a process reads on when another one restarts the process while it runs", async () => {
    const ticker = agentProcess(async function ticker() {
      emit("tick");
      if (currentProcess().attempt === 1) await wait();
    });
    const root = agentProcess(async function root() {
      const handle = spawn(ticker);
      const seen: string[] = [];
      let restarted = false;
      for await (const { type, epoch } of handle.events) {
        seen.push(`${type}@${epoch}`);
        if (!restarted) void handle.restart();
        restarted = true;
      }
      return seen;
    });
    await using run = await testRun(root, []);
    expect(await run.finished()).toEqual(["tick@1", "cancelled@1", "tick@2", "done@2"]);
  });

  it("a loop over the events of a process does not fail its process when that ends before the restart has", async () => {
    const flaky = agentProcess(async function flaky() {
      throw new Error("always");
    });
    const root = agentProcess(async function root() {
      const handle = spawn(flaky);
      await handle.events.waitFor("failed");
      void handle.restart();
      return "ended";
    });
    await using run = await testRun(root, []);
    expect(await run.finished()).toBe("ended");
  });
});

describe("a call of an endpoint on a process that has ended", () => {
  const service = agentProcess(async function service() {
    expose("ask", () => "answer");
    emit("ready");
    await wait();
  });
  const declared = agentProcess(
    { name: "declared", contract: contract({ endpoints: { later: {} } }) },
    async () => await sleep(1_000),
  );

  it("a call of an endpoint on a process that has ended says that it ended, and how", async () => {
    const root = agentProcess(async function root() {
      const cancelled = spawn(service);
      await cancelled.events.waitFor("ready");
      await cancelled.cancel("nobody needs it");
      const failing = agentProcess({ name: "broken" }, async () => {
        throw new Error("the disk is full");
      });
      const broken = spawn(failing);
      await broken.result().catch(() => {});
      const slow = spawn(declared);
      const errors = await Promise.all([
        cancelled.call("ask").catch((error: unknown) => error),
        broken.call("ask").catch((error: unknown) => error),
        slow.api.later().catch((error: unknown) => error),
        slow.result().then(() => slow.api.later().catch((error: unknown) => error)),
      ]);
      return errors.map((error) =>
        error instanceof EndpointError ? error.message : String(error),
      );
    });
    await using run = await testRun(root, []);
    expect(await run.finished()).toEqual([
      "/root/service:ask: the process has ended (nobody needs it).",
      "/root/broken:ask: the process has ended (the disk is full).",
      "/root/declared:later: the process has ended (done).",
      "/root/declared:later: the process has ended (done).",
    ]);
  });

  it("a call of an endpoint on a process that has ended waits while the process is going to be restarted", async () => {
    let runs = 0;
    const flaky = agentProcess(
      { name: "flaky", contract: contract({ endpoints: { later: {} } }) },
      async () => {
        runs += 1;
        if (runs === 1) throw new Error("once");
        currentProcess().expose("later", () => "answer");
        await sleep(10_000);
      },
    );
    const root = agentProcess(async function root() {
      const handle = spawn(retry(flaky, { backoff: { initialMs: 1_000 } }));
      await handle.events.waitFor("restarting");
      return await handle.api.later();
    });
    await using run = await testRun(root, []);
    expect(await run.finished()).toBe("answer");
  });
});
