export {
  MachineMemory,
  type MachineMessage,
  machineBehavior,
  machineHandle,
  machineSpawnOptions,
} from "./machine-actor.ts";
