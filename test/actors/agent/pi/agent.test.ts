import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  agentBehavior,
  agentSpawnOptions,
} from "../../../../src/actors/agent/actor/agent-actor.ts";
import {
  type AgentMemory,
  createAgentMemory,
} from "../../../../src/actors/agent/actor/agent-memory.ts";
import type { AgentMessage, HelloFrame } from "../../../../src/actors/agent/actor/agent-message.ts";
import { jsonSchema } from "../../../../src/actors/agent/tools/schema.ts";
import { defineTool, type ToolHandler } from "../../../../src/actors/agent/tools/tool.ts";
import type { Door } from "../../../../src/actors/agent/wire/harness.ts";
import { systemClock } from "../../../../src/actors/clock.ts";
import { createSystem } from "../../../../src/actors/kernel/system.ts";
import { startSupervisor } from "../../../../src/supervisors/supervision/start-supervisor.ts";
import { type PiWorld, piWorld } from "./pi-world.ts";

interface Supervised extends AsyncDisposable {
  readonly memory: AgentMemory;
  /** The processes of each incarnation's pi. */
  readonly pids: readonly number[];
  on(tool: string, handler: ToolHandler<unknown>): void;
  start(): Promise<void>;
  send(text: string): ReturnType<AgentMemory["outbox"]["enqueue"]>;
  stop(): Promise<unknown>;
}

/** An agent that is a real pi, under a real supervisor. */
async function supervised(world: PiWorld): Promise<Supervised> {
  const system = createSystem();
  const path = "/team/writer";
  const memory = createAgentMemory({ clock: systemClock, path });
  const dir = join(world.root, "agent-dir");
  await mkdir(dir, { mode: 0o700 });
  const pids: number[] = [];
  const door = listening(world.bridge, ({ pid }) => pids.push(pid));
  const { machine, harness, run } = world;
  const spec = { name: "writer", path, run, id: "w1", harness, door, memory, dir };
  const child = {
    ...agentSpawnOptions,
    id: "writer",
    restart: "permanent" as const,
    backoff: { initialMs: 1, maxMs: 1 },
    start: () => agentBehavior({ ...spec, machine: () => machine }),
  };
  return {
    memory,
    pids,
    on: (name, handler) => {
      const input = jsonSchema({ type: "object" });
      memory.tools.add(defineTool(name, { description: name, input }, handler));
    },
    start: async () => {
      const supervisor = await startSupervisor(system, { name: "team" }, []);
      await supervisor.startChild<AgentMessage>(child);
    },
    send: (text) => memory.outbox.enqueue(text, "follow-up"),
    stop: () => system.stop(),
    [Symbol.asyncDispose]: async () => {
      await system.stop();
      await memory.end("the test is over");
    },
  };
}

function listening(door: Door, greeted: (hello: HelloFrame) => void): Door {
  return {
    socket: door.socket,
    connect: (received, closed) => door.connect(received, closed),
    admit: (pass, listener) =>
      door.admit(pass, {
        opened: (link, hello) => {
          greeted(hello);
          listener.opened(link, hello);
        },
        received: (link, frame) => listener.received(link, frame),
        closed: (link, code, reason) => listener.closed(link, code, reason),
      }),
  };
}

/** The first lines of what the user's side said, in the last request. */
function said(world: PiWorld): readonly (string | undefined)[] {
  const { messages = [] } = world.model.requests.at(-1) ?? {};
  return messages.filter(({ role }) => role === "user").map(({ text }) => text.split("\n")[0]);
}

describe("an agent that is a real pi", () => {
  it("an agent that is a real pi answers, calls its tools, and is gone without a trace when it is stopped", async () => {
    await using world = await piWorld();
    await using agent = await supervised(world);
    agent.on("finish", (args) => ({ got: args }));
    const early = await agent.send('!call finish {"n":5}\n!next\n!say bye');
    await agent.start();
    expect(await early.turn()).toEqual({ text: "bye", stopReason: "stop" });
    await early.delivered();
    expect(world.model.requests.at(-1)?.messages.at(-1)?.text).toBe(
      '{\n  "got": {\n    "n": 5\n  }\n}',
    );
    expect(agent.memory.state).toBe("idle");
    await agent.stop();
    expect(agent.memory.state).toBe("stopped");
    await world.harness.release?.(world.machine, world.run);
    await expect.poll(() => world.processes()).toEqual([]);
  });

  it("an agent that is a real pi goes on where it was when it is killed in the middle of a tool call", async () => {
    await using world = await piWorld();
    await using agent = await supervised(world);
    let runs = 0;
    agent.on("deploy", () => {
      runs += 1;
      if (runs === 1) process.kill(agent.pids[0] ?? 0, "SIGKILL");
      return `deployed ${runs}`;
    });
    await agent.start();
    const first = await agent.send("FIRST\n!say one");
    await first.turn();
    const second = await agent.send("SECOND\n!call deploy {}\n!next\n!say deployed");
    const third = await agent.send("THIRD\n!say three");
    expect(await third.turn()).toMatchObject({ text: "three" });
    await second.turn();
    expect(runs).toBe(1);
    expect(agent.pids).toHaveLength(2);
    expect(said(world)).toEqual([
      "FIRST",
      "SECOND",
      "You were restarted while you were at work. This conversation is complete up to here.",
      "THIRD",
    ]);
    const note = world.model.requests
      .at(-1)
      ?.messages.find(({ text }) => text.startsWith("You were"));
    expect(note?.text).toContain("- deploy({}) gave: deployed 1");
    const lost = agent.memory.events.recent().find(({ type }) => type === "exited");
    expect(lost?.data).toMatchObject({
      class: "lost",
      message: expect.stringContaining("SIGKILL"),
    });
  });

  it("an agent that is a real pi loses and doubles nothing when its whole terminal is killed", async () => {
    await using world = await piWorld(() => [
      { type: "sleep", ms: 30 },
      { type: "say", text: "ok" },
    ]);
    await using agent = await supervised(world);
    await agent.start();
    const sent = Array.from({ length: 8 }, (_, n) => `message ${n}`);
    const receipts = await Promise.all(sent.map((text) => agent.send(text)));
    await receipts[2]?.turn();
    for (const pid of await world.processes()) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
      if (name.startsWith("tmux: server")) process.kill(pid, "SIGKILL");
    }
    for (const receipt of receipts) expect(await receipt.turn()).toMatchObject({ text: "ok" });
    expect(agent.pids).toHaveLength(2);
    expect(said(world).filter((text) => text?.startsWith("message"))).toEqual(sent);
  });

  it("an agent that is a real pi begins anew with what it was sent when it is killed before its first answer", async () => {
    let kill = () => {};
    await using world = await piWorld(() => {
      kill();
      kill = () => {};
      return [
        { type: "sleep", ms: 200 },
        { type: "say", text: "ok" },
      ];
    });
    await using agent = await supervised(world);
    kill = () => process.kill(agent.pids[0] ?? 0, "SIGKILL");
    await agent.start();
    const receipts = [await agent.send("A"), await agent.send("B")];
    for (const receipt of receipts) expect(await receipt.turn()).toMatchObject({ text: "ok" });
    expect(said(world)).toEqual(["A", "B"]);
  });
});
