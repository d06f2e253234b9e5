export { checkAgentOptions, checkConnectOptions, checkMachineOptions } from "./agent-options.ts";
export { AgentWords } from "./agent-words.ts";
export { type AgentOptions, startAgent } from "./agents.ts";
export { type ConnectOptions, connectAgents } from "./connections.ts";
export { FileTransferError, ReachError } from "./errors.ts";
export { type MachineOptions, startMachine } from "./machines.ts";
export { agentMember, type Member, machineMember } from "./members.ts";
export type { NudgeOptions } from "./nudge.ts";
export { lookAtRest } from "./quiescence.ts";
