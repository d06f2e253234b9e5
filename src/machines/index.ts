export { fetchFile, sendFile } from "./carry.ts";
export {
  type ConformanceAbilities,
  type ConformanceCase,
  machineConformance,
} from "./conformance/index.ts";
export { ContainerImage, type ContainerMount, type ContainerOptions } from "./container/index.ts";
export {
  LocalImage,
  LocalMachine,
  type LocalMachineOptions,
  type LocalOptions,
} from "./local/index.ts";
export type {
  Argv,
  Duplex,
  ExecOptions,
  ExecResult,
  Image,
  Machine,
  MachineRecord,
  Mount,
  Reach,
  ReadOptions,
  Remains,
  SpawnMachineOptions,
  WriteOptions,
} from "./machine.ts";
export { MorphImage, type MorphOptions, type MorphRecipe } from "./morph/index.ts";
export {
  hostPipe,
  LostWay,
  type Pipe,
  type PipedOptions,
  startPiped,
  type Way,
} from "./piped/index.ts";
export { SandboxImage, type SandboxOptions } from "./sandbox/index.ts";
export { quote, shellLine } from "./shell.ts";
export { SshImage, type SshOptions } from "./ssh/index.ts";
export { WorktreeImage, type WorktreeOf, type WorktreeOptions } from "./worktree/index.ts";
