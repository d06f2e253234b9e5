import { type ExitReason, errorExit, isClean } from "../../actors/kernel/index.ts";
import type { Machine } from "../../machines/machine.ts";
import { type Agent, agentMemoryOf, type ProcessScope } from "../process/index.ts";
import { disconnectAgent } from "./connections.ts";
import { agentEnded } from "./quiescence.ts";

/** Take in that an agent ended which nobody starts again. */
export function agentLeft(scope: ProcessScope, agent: Agent, reason: ExitReason): void {
  const as = isClean(reason) ? "stopped" : "failed";
  void end(scope, agent, "it ended, and its policy does not restart it", as);
}

/** End the agents that lived on a machine which was stopped. */
export async function leaveMachine(scope: ProcessScope, machine: Machine): Promise<void> {
  const there = [...scope.record.agents.values()].filter((agent) => agent.machine === machine);
  await Promise.all(there.map((agent) => end(scope, agent, "its machine was stopped", "stopped")));
}

/** What waits for it waits no longer: receipts reject, and loops over its events end. Never rejects. */
async function end(scope: ProcessScope, agent: Agent, why: string, as: "stopped" | "failed") {
  const memory = agentMemoryOf(agent);
  disconnectAgent(agent);
  await memory.end(why, as).catch((error: unknown) => {
    // The end of the run sweeps what could not be removed now.
    const data = { message: errorExit(error).message };
    scope.run.note({ type: "not-removed", path: agent.path, data });
  });
  agentEnded(scope, memory);
}
