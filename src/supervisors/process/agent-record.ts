import type { AgentMemory } from "../../actors/agent/actor/index.ts";
import type { Agent } from "./agent.ts";

/** The record behind an agent that a program holds. */
export interface AgentRecord {
  readonly memory: AgentMemory;
}

const records = new WeakMap<Agent, AgentRecord>();

/** Remember what is behind an agent. */
export function rememberAgent(agent: Agent, record: AgentRecord): void {
  records.set(agent, record);
}

/** Find what is behind an agent. Throws TypeError for anything that `agent()` did not give. */
export function agentRecordOf(agent: Agent): AgentRecord {
  const record = records.get(agent);
  if (record !== undefined) return record;
  throw new TypeError("This is no agent of a run; pass what agent() gave.");
}

/** Find the tools and messages behind an agent. Throws TypeError for anything that `agent()` did not give. */
export function agentMemoryOf(agent: Agent): AgentMemory {
  return agentRecordOf(agent).memory;
}
