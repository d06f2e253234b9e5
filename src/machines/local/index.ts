export { callAfter, pause, poll, startWatch } from "./clock.ts";
export { makeFolder, readHostFile, writeHostFile } from "./files.ts";
export {
  LocalImage,
  LocalMachine,
  type LocalMachineOptions,
  type LocalOptions,
  removeForkRemains,
} from "./local.ts";
export {
  diskProblemOf,
  isOurDirectory,
  logDirectory,
  ownFileAt,
  privateDirectory,
  removeOwnDirectory,
  removeOwnFile,
  removeOwnSocket,
} from "./private-files.ts";
export {
  commandOf,
  endAll,
  environmentOf,
  findMarked,
  type HostProcess,
  isSameProcess,
  liveProcesses,
  processStart,
  readProcess,
} from "./processes.ts";
export { assertCommand, type HostChildEnd, launchChild, startSubprocess } from "./subprocess.ts";
export { makeOnce, syncFolder, writeWhole } from "./whole-file.ts";
