import { describe, expect, it } from "vitest";
import type { ReplyStep } from "../../../../src/actors/agent/scripted/model-script.ts";
import { type Agent, agent, agentProcess } from "../../../../src/index.ts";
import { agentMemoryOf } from "../../../../src/supervisors/process/agent.ts";
import { testRun } from "../../../../src/testing.ts";
import { piWorld } from "./pi-world.ts";

const progress = { stuckAfterMs: 60_000, nudgeMs: 60_000, interruptMs: 600_000 };

const program = agentProcess(async function team() {
  const worker = await agent("worker", { policy: { maxRestarts: 3 }, progress });
  const receipt = await worker.send("work");
  return await receipt.turn();
});

/** The data of the events of a type that an agent told. */
function told(worker: Agent, type: string): readonly unknown[] {
  const events = agentMemoryOf(worker).events.recent();
  return events.filter((event) => event.type === type).map(({ data }) => data);
}

/** A model that fails so often and then answers, and what a run with it came to. */
async function runWith(step: ReplyStep | (() => ReplyStep), times: number) {
  let asked = 0;
  await using world = await piWorld(() =>
    asked++ < times
      ? [typeof step === "function" ? step() : step]
      : [{ type: "say", text: `answer ${asked}` }],
  );
  const run = await testRun(program, [], { harness: world.harness });
  await expect.poll(() => run.handle.agents.has("worker")).toBe(true);
  const worker = run.agent("worker");
  const failed = await worker.events.waitFor("model-failed");
  const { retryable, delayMs = 0 } = failed.data as { retryable: boolean; delayMs?: number };
  if (retryable) {
    await run.clock.advance(delayMs - 1);
    expect(asked).toBe(1);
    await run.clock.advance(1);
  }
  const outcome = await run.finished().catch((error: unknown) => error);
  const [failures, exits] = [told(worker, "model-failed"), told(worker, "exited")];
  return { asked, outcome, failures, exits };
}

describe("a real pi whose model does not answer", () => {
  it.each([
    [401, "Incorrect API key provided", "no-key"],
    [402, "Payment Required", "no-credit"],
    [429, "You exceeded your current quota (insufficient_quota)", "no-credit"],
    [400, "tools.0.name: invalid", "rejected"],
  ])(
    "a real pi whose model does not answer is given up at once after %i %s",
    async (status, message, kind) => {
      const { asked, failures, exits } = await runWith({ type: "status", status, message }, 100);
      expect(failures).toMatchObject([{ class: kind, retryable: false }]);
      expect(exits).toMatchObject([{ class: "model", retryable: false }]);
      expect(asked).toBe(1);
    },
  );

  it("a real pi whose model does not answer is given up at once when a filter refuses what it would say", async () => {
    const step = { type: "end", reason: "content_filter" } as const;
    const { asked, failures, exits } = await runWith(step, 100);
    expect(failures).toMatchObject([{ class: "refused", retryable: false }]);
    expect(exits).toMatchObject([{ class: "model", retryable: false }]);
    expect(asked).toBe(1);
  });

  it("a real pi whose model does not answer waits until the date that its provider names", async () => {
    // The server's own date stands beside it, in whole seconds.
    const { asked, outcome, failures } = await runWith(() => {
      const headers = { "retry-after": new Date(Date.now() + 4_000).toUTCString() };
      return { type: "status", status: 429, message: "Rate limit reached", headers };
    }, 1);
    const { retryAfterMs } = failures[0] as { retryAfterMs: number };
    expect([3_000, 4_000]).toContain(retryAfterMs);
    expect(failures).toMatchObject([{ class: "rate-limit", retryable: true }]);
    expect(asked).toBe(2);
    expect(outcome).toEqual({ text: "answer 2", stopReason: "stop" });
  });

  it.each([
    [503, "Service Unavailable", undefined, "overload", 1_000],
    [429, "Rate limit reached", 3, "rate-limit", 3_000],
  ])(
    "a real pi whose model does not answer waits after %i %s and goes on in the same process",
    async (status, message, retryAfterS, kind, ms) => {
      const { asked, outcome, failures, exits } = await runWith(
        { type: "status", status, message, retryAfterS },
        1,
      );
      expect(failures).toMatchObject([{ class: kind, retryable: true, attempt: 1 }]);
      const { delayMs } = failures[0] as { delayMs: number };
      expect(delayMs).toBeGreaterThanOrEqual(ms);
      expect(delayMs).toBeLessThanOrEqual(ms * 1.2);
      expect(asked).toBe(2);
      expect(outcome).toEqual({ text: "answer 2", stopReason: "stop" });
      expect(exits).toHaveLength(1);
    },
  );
});

describe("a real pi whose model gets nowhere", () => {
  it("a real pi whose model gets nowhere is nudged and interrupted, and goes on with its task", async () => {
    let asked = 0;
    await using world = await piWorld(() =>
      asked++ === 0 ? [{ type: "sleep", ms: 80_000 }] : [{ type: "say", text: "unstuck" }],
    );
    const run = await testRun(program, [], { harness: world.harness });
    await expect.poll(() => asked).toBe(1);
    const worker = run.agent("worker");
    const steps = () => told(worker, "stuck").map((data) => (data as { step: string }).step);
    await run.clock.advance(progress.stuckAfterMs);
    await expect.poll(steps).toEqual(["nudge"]);
    await run.clock.advance(progress.nudgeMs);
    expect(await run.finished()).toEqual({ text: "unstuck", stopReason: "stop" });
    expect(steps()).toEqual(["nudge", "interrupt"]);
  });

  it("a real pi tells again and again that a long reply comes in", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    await agent.send(`!stream 800 100 ${"word ".repeat(800)}`);
    await agent.event("tokens", ({ pieces }) => pieces === 1);
    await agent.event("tokens", ({ pieces }) => pieces > 1);
  });
});
