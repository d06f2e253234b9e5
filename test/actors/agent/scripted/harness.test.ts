import { describe, expect, it } from "vitest";
import {
  InterruptedError,
  ScriptedToolError,
} from "../../../../src/actors/agent/scripted/agent.ts";
import { type Script, scriptedHarness } from "../../../../src/actors/agent/scripted/harness.ts";
import { agentWorld } from "../actor/agent-world.ts";

const world = (script: Script | Record<string, Script>) =>
  agentWorld(() => scriptedHarness(script));

describe("a scripted agent", () => {
  it("a scripted agent plays the script of its name", async () => {
    const { started, send, clock } = await world({
      other: () => {},
      worker: async (agent) => {
        for await (const { text } of agent.messages) agent.say(`${agent.name}: ${text}`);
      },
    });
    await started();
    const receipt = await send("x");
    await clock.settle();
    expect((await receipt.turn()).text).toBe("worker: x");
  });

  it("a scripted agent does not start without a script of its name", async () => {
    const { start } = await world({ other: () => {}, another: () => {} });
    await expect(start().started).rejects.toThrow(
      "There is no script for /keeper/worker; there are scripts for: other, another.",
    );
  });

  it("a scripted agent is idle when its script is over, and plays it again for the next message", async () => {
    let plays = 0;
    const { started, send, clock, memory, exits } = await world(async (agent) => {
      const { text } = await agent.next();
      agent.say(`${text} ${++plays}`);
    });
    await started();
    const receipts = [await send("a"), await send("b")];
    await clock.settle();
    const turns = await Promise.all(receipts.map((receipt) => receipt.turn()));
    expect(turns.map(({ text }) => text)).toEqual(["a 1", "b 2"]);
    expect(memory.state).toBe("idle");
    expect(exits).toEqual([]);
  });

  it("a scripted agent passes over messages that its script does not ask for", async () => {
    let plays = 0;
    const { started, send, clock } = await world(() => {
      plays += 1;
    });
    await started();
    const receipt = await send("a");
    await clock.settle();
    expect(await receipt.turn()).toEqual({ text: "", stopReason: "stop" });
    expect(plays).toBe(2);
  });

  it("a scripted agent may act before it is sent anything", async () => {
    const { started, on, clock, memory } = await world(async (agent) => {
      await agent.call("finish", { summary: "at once" });
    });
    let summary: unknown;
    on("finish", (args) => {
      summary = args;
    });
    await started();
    await clock.settle();
    expect(summary).toEqual({ summary: "at once" });
    expect(memory.facts.turns).toBe(1);
    expect(memory.state).toBe("idle");
  });

  it("a scripted agent has a steer before the follow-ups that wait", async () => {
    const seen: string[] = [];
    const { started, send, clock, memory } = await world(async (agent) => {
      for await (const { text } of agent.messages) {
        seen.push(text);
        await agent.sleep(100);
      }
    });
    await started();
    await send("a");
    await send("b");
    await clock.settle();
    await memory.outbox.enqueue("now", "steer");
    await clock.advance(1_000);
    expect(seen).toEqual(["a", "now", "b"]);
  });

  it("a scripted agent reads a tool's error as an error", async () => {
    const { started, on, send, clock } = await world(async (agent) => {
      for await (const _ of agent.messages) {
        const error = await agent.call("fail").catch((error: unknown) => error);
        agent.say(error instanceof ScriptedToolError ? error.message : "no error");
      }
    });
    on("fail", () => {
      throw new Error("no luck");
    });
    await started();
    const receipt = await send("x");
    await clock.settle();
    expect((await receipt.turn()).text).toBe("no luck");
  });

  it("a scripted agent may go on after an interrupt that it saw", async () => {
    const seen: unknown[] = [];
    const { started, send, clock, slot } = await world(async (agent) => {
      for await (const { text } of agent.messages) {
        await agent.sleep(text === "long" ? 60_000 : 1).catch((error: unknown) => seen.push(error));
      }
    });
    await started();
    const long = await send("long");
    await clock.settle();
    slot.address.send({ type: "interrupt" });
    await clock.settle();
    expect(await long.turn()).toMatchObject({ stopReason: "aborted" });
    expect(seen).toEqual([expect.any(InterruptedError)]);
    const short = await send("short");
    await clock.advance(1);
    expect(await short.turn()).toMatchObject({ stopReason: "stop" });
  });

  it("a scripted agent leaves no timer and no running script behind when it is stopped", async () => {
    let isOver = false;
    const { started, send, clock } = await world(async (agent) => {
      try {
        await agent.next();
        await agent.sleep(60_000);
      } finally {
        isOver = true;
      }
    });
    const before = clock.pending;
    const ref = await started();
    await send("x");
    await clock.settle();
    await ref.stop();
    await clock.settle();
    expect(isOver).toBe(true);
    expect(clock.pending).toBe(before);
  });
});
