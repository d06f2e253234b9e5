import type { AgentMemory } from "../../actors/agent/actor/agent-memory.ts";
import type { Agent } from "./agent.ts";

const memories = new WeakMap<Agent, AgentMemory>();

/** Remember whose memory is behind an agent. */
export function rememberAgent(agent: Agent, memory: AgentMemory): void {
  memories.set(agent, memory);
}

/** Find the tools and messages behind an agent. Throws TypeError for anything that `agent()` did not give. */
export function agentMemoryOf(agent: Agent): AgentMemory {
  const memory = memories.get(agent);
  if (memory !== undefined) return memory;
  throw new TypeError("This is no agent of a run; pass what agent() gave.");
}
