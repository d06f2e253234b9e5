export { machineBehavior, machineSpawnOptions } from "./machine-actor.ts";
export type { HealthLimits } from "./machine-health.ts";
export { MachineMemory, machineHandle } from "./machine-memory.ts";
export type { MachineMessage } from "./machine-message.ts";
