export { machineConformance } from "./conformance/conformance.ts";
export type { ConformanceAbilities, ConformanceCase } from "./conformance/kit.ts";
export {
  LocalImage,
  LocalMachine,
  type LocalMachineOptions,
  type LocalOptions,
} from "./local/local.ts";
export type {
  Argv,
  Duplex,
  ExecOptions,
  ExecResult,
  Image,
  Machine,
  Reach,
  SpawnMachineOptions,
} from "./machine.ts";
export { quote, shellLine } from "./shell.ts";
