export { type FromMachineOptions, fromMachine } from "./from-machine.ts";
export {
  checkKept,
  HostedMachine,
  type KeptDelay,
  type KeptMachine,
  type MachineInspector,
} from "./hosted-machine.ts";
