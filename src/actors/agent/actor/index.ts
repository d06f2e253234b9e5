export { agentBehavior, agentSpawnOptions } from "./agent-actor.ts";
export { AgentMemory, createAgentMemory } from "./agent-memory.ts";
export type { AgentMessage } from "./agent-message.ts";
export type { AgentSpec, ProgressLimits, StartGate } from "./agent-spec.ts";
export type { AgentState } from "./lifecycle.ts";
export { checkDeliver, checkMessage } from "./message-check.ts";
export type { EntrySnapshot, Receipt } from "./outbox.ts";
export { createProviderBackoffs, type ProviderBackoffs } from "./provider-backoff.ts";
export { createStartGate } from "./start-gate.ts";
