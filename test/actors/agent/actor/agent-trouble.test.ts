import { connect, type NetConnectOpts } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createProviderBackoffs } from "../../../../src/actors/agent/actor/provider-backoff.ts";
import { type Script, scriptedHarness } from "../../../../src/actors/agent/scripted/harness.ts";
import type { Harness } from "../../../../src/actors/agent/wire/harness.ts";
import { agentWorld, type World } from "./agent-world.ts";

const minute = 60_000;

const world = (script: Script, options: Parameters<typeof agentWorld>[1] = {}) =>
  agentWorld((clock) => scriptedHarness(script, { clock }), options);

const seen = ({ memory }: World, ...types: readonly string[]) =>
  memory.events
    .recent()
    .filter(({ type }) => types.includes(type))
    .map(({ data }) => data);

/** Takes messages and lets no word come of them. */
const dumb: Script = async (agent) => {
  for await (const _ of agent.messages) await agent.sleep(100 * minute);
};

describe("an agent that is at work and gets nowhere", () => {
  it("an agent that is at work and gets nowhere is nudged, interrupted, restarted and given up, each step once and in its time", async () => {
    const run = await world(dumb);
    run.keepAlive(1_000);
    await run.started();
    const receipt = await run.send("work");
    await run.clock.advance(9 * minute);
    expect(seen(run, "stuck")).toEqual([]);
    await run.clock.advance(1 * minute);
    expect(seen(run, "stuck")).toEqual([{ step: "nudge", afterMs: 10 * minute }]);
    await run.clock.advance(1 * minute);
    await run.clock.advance(2 * minute);
    expect(seen(run, "stuck").map((data) => (data as { step: string }).step)).toEqual([
      "nudge",
      "interrupt",
      "restart",
    ]);
    expect(run.exits[0]).toMatchObject({ class: "stuck", code: "agent-stuck", retryable: true });
    await run.clock.advance(6 * minute);
    expect(seen(run, "stuck").at(-1)).toEqual({ step: "fail", afterMs: 5 * minute });
    expect(run.exits[1]).toMatchObject({ class: "stuck", retryable: false });
    receipt.turn().catch(() => {});
  });

  it("an agent that is at work and gets nowhere goes on with its task after the interrupt, and is on the ground again", async () => {
    let interrupted = 0;
    const run = await world(async (agent) => {
      for await (const { text } of agent.messages) {
        if (text !== "work" || interrupted > 0) agent.say("on it");
        else {
          interrupted += 1;
          await agent.sleep(100 * minute);
        }
      }
    });
    await run.started();
    const receipt = await run.send("work");
    await run.clock.advance(11 * minute);
    await run.clock.settle();
    expect((await receipt.turn()).text).toContain("on it");
    expect(seen(run, "stuck")).toHaveLength(2);
    expect(run.exits).toEqual([]);
    await run.clock.advance(60 * minute);
    expect(seen(run, "stuck")).toHaveLength(2);
  });

  it("an agent that is at work and gets nowhere is left alone as long as something comes of it, a handler runs, or it is idle", async () => {
    const run = await world(async (agent) => {
      for await (const { text } of agent.messages) {
        if (text === "ask") await agent.call("ask");
        for (let n = 0; text === "talk" && n < 5; n++) {
          await agent.sleep(9 * minute);
          agent.say(`${n}`);
        }
      }
    });
    run.on("ask", () => run.clock.sleep(50 * minute), 0);
    await run.started();
    for (const text of ["talk", "ask"]) {
      await run.send(text);
      for (let n = 0; n < 60; n++) await run.clock.advance(minute);
    }
    expect(run.memory.state).toBe("idle");
    expect(seen(run, "stuck")).toEqual([]);
  });

  it("an agent that is at work and gets nowhere is left alone while its model's provider makes it wait, and watched again afterwards", async () => {
    let asked = 0;
    const run = await world(async (agent) => {
      for await (const _ of agent.messages) {
        asked += 1;
        if (asked > 1) await agent.sleep(100 * minute);
        agent.failModel("429 slow down", { status: 429, retryAfterMs: 30 * minute });
      }
    });
    await run.started();
    await run.send("work");
    for (let n = 0; n < 29; n++) await run.clock.advance(minute);
    expect(run.memory.state).toBe("waiting");
    expect(seen(run, "stuck")).toEqual([]);
    for (let n = 0; n < 18 && seen(run, "stuck").length === 0; n++) await run.clock.advance(minute);
    expect(asked).toBe(2);
    expect(seen(run, "stuck")).toEqual([{ step: "nudge", afterMs: 10 * minute }]);
  });

  it("an agent that is at work and gets nowhere is never watched where a program says so", async () => {
    const run = await world(dumb, { progress: false });
    await run.started();
    await run.send("work");
    await run.clock.advance(90 * minute);
    expect(seen(run, "stuck")).toEqual([]);
  });
});

describe("an agent whose model does not answer", () => {
  /** Fails so often, then answers. */
  const failing = (times: number, error: string, facts = {}): Script => {
    let failed = 0;
    return async (agent) => {
      for await (const { text } of agent.messages)
        if (failed++ < times) agent.failModel(error, facts);
        else agent.say(`${text}: done`);
    };
  };

  it("an agent whose model does not answer waits and begins the turn again, in the same process", async () => {
    const run = await world(failing(2, "503 Service Unavailable"));
    await run.started();
    const receipt = await run.send("work");
    await run.clock.settle();
    expect(run.memory.state).toBe("waiting");
    await receipt.delivered();
    await run.clock.advance(1_200);
    await run.clock.advance(2_400);
    expect(await receipt.turn()).toMatchObject({ text: expect.stringContaining("Go on where") });
    expect(run.memory.state).toBe("idle");
    expect(run.exits).toEqual([]);
    expect(seen(run, "model-failed")).toMatchObject([
      { class: "overload", retryable: true, attempt: 1, of: 8 },
      { class: "overload", retryable: true, attempt: 2, of: 8 },
    ]);
    expect(seen(run, "idle")).toHaveLength(1);
  });

  it("an agent whose model does not answer waits as long as the provider asks for", async () => {
    const run = await world(failing(1, "429 slow down", { status: 429, retryAfterMs: 90_000 }));
    await run.started();
    const receipt = await run.send("work");
    await run.clock.settle();
    await run.clock.advance(89_000);
    expect(run.memory.state).toBe("waiting");
    await run.clock.advance(20_000);
    await receipt.turn();
  });

  it("an agent whose model does not answer ends at once, and not to be restarted, when asking again does not help", async () => {
    const run = await world(failing(1, "401 Incorrect API key provided"));
    await run.started();
    const receipt = await run.send("work");
    await run.clock.settle();
    expect(run.exits).toMatchObject([{ class: "model", code: "model-failed", retryable: false }]);
    expect(seen(run, "model-failed")).toMatchObject([{ class: "no-key", retryable: false }]);
    const refused = expect(receipt.turn()).rejects.toMatchObject({ code: "agent-ended" });
    await run.memory.end("its supervisor gave up");
    await refused;
  });

  it("an agent whose model does not answer ends, to be restarted, after eight failures in a row", async () => {
    const run = await world(failing(100, "503 Service Unavailable"));
    await run.started();
    await run.send("work");
    for (let n = 0; n < 10; n++) await run.clock.advance(73_000);
    expect(run.exits).toMatchObject([{ class: "model", retryable: true }]);
    expect(seen(run, "model-failed")).toHaveLength(9);
  });

  it("an agent whose model does not answer ends, not to be restarted, after eight failures in a row that nobody knows to pass", async () => {
    const run = await world(failing(100, "An unknown error occurred"));
    await run.started();
    await run.send("work");
    for (let n = 0; n < 10; n++) await run.clock.advance(73_000);
    expect(run.exits).toMatchObject([{ class: "model", retryable: false }]);
    const failures = seen(run, "model-failed");
    expect(failures).toHaveLength(9);
    expect(failures.slice(-2)).toMatchObject([{ retryable: true }, { retryable: false }]);
  });

  it("an agent whose model does not answer is handed nothing more meanwhile, nor are others of the same provider", async () => {
    const run = await world(failing(1, "503 Service Unavailable"));
    await run.started();
    await run.send("one");
    await run.clock.settle();
    const later = await run.send("two");
    await run.clock.settle();
    expect(run.memory.outbox.waiting.map(({ state }) => state)).toEqual(["queued"]);
    await run.clock.advance(1_300);
    expect((await later.turn()).text).toContain("two: done");

    const providers = createProviderBackoffs({ clock: run.clock });
    const other = await world(failing(0, ""), { providers });
    providers.failed("scripted", { failures: 1 });
    await other.started();
  });

  it("an agent whose model does not answer does not begin the turn again after an interrupt", async () => {
    const run = await world(failing(1, "503 Service Unavailable"));
    const ref = await run.started();
    const receipt = await run.send("work");
    await run.clock.settle();
    ref.send({ type: "interrupt" });
    await run.clock.settle();
    expect(await receipt.turn()).toMatchObject({ stopReason: "error" });
    expect(run.memory.state).toBe("idle");
    await run.clock.advance(minute);
    expect(run.memory.facts.turns).toBe(1);
  });
});

describe("an agent whose process hangs", () => {
  /** Says hello over a real socket, and then nothing more: not even that it hears a ping. */
  const hung: Harness = {
    kind: "hung",
    launch: async ({ door, token, path, epoch }) => {
      const toSocket: NetConnectOpts = { path: door.socket };
      const socket = new WebSocket("ws://ramure/", {
        autoPong: false,
        createConnection: () => connect(toSocket),
      });
      socket.on("error", () => {});
      const about = { protocol: 1, token, path, epoch, harness: "hung", pid: 1, durable: [] };
      const capabilities = { liveTools: true, settled: true };
      const hello = {
        type: "hello",
        ...about,
        capabilities,
        session: { id: "s" },
        modelReady: true,
      };
      socket.on("open", () => {
        socket.send(JSON.stringify(hello));
        socket.send(JSON.stringify({ type: "tools-active", names: [] }));
      });
      return {
        exited: new Promise(() => {}),
        alive: async () => true,
        attach: () => [],
        stop: async () => socket.terminate(),
        kill: async () => socket.terminate(),
      };
    },
  };

  it("an agent whose process hangs is suspect when it answers no ping, probed, and lost, all within two and a half minutes", async () => {
    const run = await agentWorld(() => hung);
    await run.started();
    await expect
      .poll(async () => {
        await run.clock.advance(5_000);
        return run.memory.state;
      })
      .toBe("suspect");
    for (let n = 0; n < 5; n++) await run.clock.advance(15_000);
    expect(run.exits).toMatchObject([{ class: "lost", code: "agent-lost", retryable: true }]);
    expect(run.clock.now()).toBeLessThan(150_000);
  });
});
