import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  agentBehavior,
  agentSpawnOptions,
} from "../../../../src/actors/agent/actor/agent-actor.ts";
import {
  type AgentMemory,
  createAgentMemory,
} from "../../../../src/actors/agent/actor/agent-memory.ts";
import type { AgentMessage } from "../../../../src/actors/agent/actor/agent-message.ts";
import type { AgentSpec } from "../../../../src/actors/agent/actor/agent-spec.ts";
import { openBridge } from "../../../../src/actors/agent/bridge/bridge.ts";
import { jsonSchema } from "../../../../src/actors/agent/tools/schema.ts";
import { defineTool, type ToolHandler } from "../../../../src/actors/agent/tools/tool.ts";
import type { Harness } from "../../../../src/actors/agent/wire/harness.ts";
import type { Behavior, Ref, Slot } from "../../../../src/actors/kernel/behavior.ts";
import type { Exit, ExitReason } from "../../../../src/actors/kernel/exit-reason.ts";
import { createSystem } from "../../../../src/actors/kernel/system.ts";
import { type ManualClock, manualClock } from "../../../../src/actors/manual-clock.ts";
import { registryBehavior } from "../../../../src/actors/registry/registry-actor.ts";
import type { Machine } from "../../../../src/machines/machine.ts";

/** A machine that no scripted agent ever asks for anything. */
export const nowhere: Machine = {
  kind: "nowhere",
  summary: "nowhere at all",
  workDir: "/",
  exec: () => Promise.reject(new Error("nothing runs nowhere")),
  writeFile: () => Promise.reject(new Error("nothing lies nowhere")),
  readFile: () => Promise.reject(new Error("nothing lies nowhere")),
  stop: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

export interface World {
  readonly clock: ManualClock;
  readonly memory: AgentMemory;
  readonly slot: Slot<AgentMessage, KeeperMessage>;
  /** How each incarnation ended. */
  readonly exits: readonly ExitReason[];
  /** Every state that the registry heard of, in order. */
  readonly states: readonly string[];
  /** Start the next incarnation. */
  start(): Ref<AgentMessage>;
  /** Start it and wait until it has its tools. */
  started(): Promise<Ref<AgentMessage>>;
  send(text: string): ReturnType<AgentMemory["outbox"]["enqueue"]>;
  on(tool: string, handler: ToolHandler<unknown>, timeoutMs?: number): () => void;
  /** Whenever it ends by an error, start it again after so many ms. */
  keepAlive(delayMs: number): void;
}

type KeeperMessage = { readonly type: "exited"; readonly exit: Exit };

export async function agentWorld(
  harness: (clock: ManualClock) => Harness,
  options: Partial<AgentSpec> = {},
): Promise<World> {
  const clock = manualClock();
  const dir = await mkdtemp(join(tmpdir(), "ramure-agent-"));
  const door = await openBridge({ socket: join(dir, "s", "b.sock"), clock });
  const system = createSystem({ clock });
  const registry = system.spawn(registryBehavior(), { name: "registry" });
  const memory = createAgentMemory({ clock, path: "/keeper/worker", registry });
  const states: string[] = [];
  const watcher = (change: { type: string; node?: { state: string } }) => {
    if (change.node && change.node.state !== states.at(-1)) states.push(change.node.state);
  };
  registry.send({ type: "watch", watcher });
  const exits: ExitReason[] = [];
  let slot: Slot<AgentMessage, KeeperMessage> | undefined;
  let restartDelayMs: number | undefined;
  const spec: AgentSpec = {
    name: "worker",
    path: "/keeper/worker",
    run: "r1",
    id: "a1",
    harness: harness(clock),
    door,
    memory,
    machine: () => nowhere,
    dir,
    ...options,
  };
  const start = () => {
    if (!slot) throw new Error("the keeper has no slot yet");
    return slot.start(agentBehavior(spec), {
      ...agentSpawnOptions,
      onExit: (exit) => ({ type: "exited", exit }),
    });
  };
  const keeper: Behavior<KeeperMessage, undefined> = {
    init: (context) => {
      slot = context.slot({ name: "worker", kind: "agent", mailbox: "keep" });
      return undefined;
    },
    receive: (state, { exit }) => {
      exits.push(exit.reason);
      if (restartDelayMs !== undefined && exit.reason.type !== "shutdown") {
        clock.setTimer(restartDelayMs, start);
      }
      return state;
    },
  };
  await system.spawn(keeper, { name: "keeper", shutdownMs: "infinity" }).started;
  onTestFinished(async () => {
    const stopped = system.stop();
    await clock.advance(60_000);
    await stopped;
    await memory.end("the test is over");
    await door.close();
    await rm(dir, { recursive: true });
  });
  if (!slot) throw new Error("the keeper has no slot");
  return {
    clock,
    memory,
    slot,
    exits,
    states,
    start,
    started: async () => {
      const ref = start();
      await ref.started;
      await clock.settle();
      return ref;
    },
    send: (text) => memory.outbox.enqueue(text, "follow-up"),
    on: (name, handler, timeoutMs) =>
      memory.tools.add(
        defineTool(
          name,
          { description: name, input: jsonSchema({ type: "object" }), timeoutMs },
          handler,
        ),
      ),
    keepAlive: (delayMs) => {
      restartDelayMs = delayMs;
    },
  };
}
