import { describe, expect, it, vi } from "vitest";
import type { Harness } from "../../../src/actors/agent/wire/harness.ts";
import { agent, agentProcess, currentProcess, wait } from "../../../src/index.ts";
import { LiveRun } from "../../../src/supervisors/runtime/live-run.ts";
import { type Script, scriptedHarness, testRun } from "../../../src/testing.ts";

/** Dies at the first word. */
const frail: Script = async (one) => {
  for await (const _ of one.messages) throw new Error("too frail for this");
};

describe("an agent that ends and that its policy does not restart", () => {
  it("an agent that ends and that its policy does not restart rejects its receipts, ends its events and is failed", async () => {
    const program = agentProcess(async function main() {
      const worker = await agent("worker", { policy: { restart: "temporary" } });
      const receipt = await worker.send("carry this");
      const types: string[] = [];
      for await (const { type } of worker.events) types.push(type);
      const refusal = await receipt.turn().catch((error: unknown) => error);
      const later = await worker.send("and this").catch((error: unknown) => error);
      return [types.at(-1), worker.state, String(refusal), String(later)];
    });
    const run = await testRun(program, [], { script: frail });
    const [last, state, ...errors] = await run.finished();
    expect([last, state]).toEqual(["exited", "failed"]);
    for (const error of errors)
      expect(error).toMatch(/\/main\/worker.*its policy does not restart it/);
  });

  it("an agent that ends and that its policy does not restart is no reason to wait any longer: its process says that nothing is left to wait for", async () => {
    const program = agentProcess(async function main() {
      await agent("worker", { policy: { restart: "temporary" }, prompt: "go", nudge: true });
      await agent("idler");
      void currentProcess()
        .events.waitFor("quiescent")
        .then(() => currentProcess().done("noticed"));
      return await wait();
    });
    const run = await testRun(program, [], { script: frail });
    expect(await run.finished()).toBe("noticed");
  });

  it("an agent that ends and that its policy does not restart ends all the same when what is left of it cannot be removed", async () => {
    const inner = scriptedHarness(frail);
    const harness: Harness = {
      kind: inner.kind,
      launch: async (spec) => {
        const launched = await inner.launch(spec);
        return {
          exited: launched.exited,
          alive: () => launched.alive(),
          attach: (options) => launched.attach(options),
          stop: () => Promise.reject(new Error("the machine is gone")),
          kill: () => launched.kill(),
        };
      },
    };
    const program = agentProcess(async function main() {
      await agent("worker", { policy: { restart: "temporary" }, prompt: "go" });
      void currentProcess()
        .events.waitFor("quiescent")
        .then(() => currentProcess().done("noticed"));
      return await wait();
    });
    const notes = vi.spyOn(LiveRun.prototype, "note");
    const run = await testRun(program, [], { harness });
    expect(await run.finished()).toBe("noticed");
    expect(notes.mock.calls.flat()).toContainEqual({
      type: "not-removed",
      path: "/main/worker",
      data: { message: "the machine is gone" },
    });
  });

  it("an agent that ends and that its policy does not restart goes with the machine that it depends on, and does not come back with it", async () => {
    const program = agentProcess(async function main() {
      const worker = await agent("worker", { policy: { restart: "temporary" } });
      await worker.machine.stop();
      for await (const _ of worker.events) {
        // To its end.
      }
      return worker.state;
    });
    const run = await testRun(program, [], { script: frail });
    expect(await run.finished()).toBe("stopped");
  });
});
