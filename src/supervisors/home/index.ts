export { LogDirectoryError } from "./errors.ts";
export {
  type HomeLayout,
  homeLayout,
  prepareHome,
  type RunPaths,
  removeLogs,
  runPaths,
} from "./home.ts";
export { loadReaper } from "./load-reaper.ts";
export { takeLogDirectory } from "./log-owner.ts";
export { type Leftover, type ReapedRun, reap, reapRun } from "./reaper.ts";
export {
  doorOf,
  keepRunRecord,
  type ListedRun,
  listRuns,
  type RunRecord,
  recordOf,
  removeRunRecord,
  writeRunRecord,
} from "./run-record.ts";
export { sparedProcesses } from "./spared-processes.ts";
export { machineThing, readThings, ThingLog } from "./things.ts";
