export {
  type HomeLayout,
  homeLayout,
  maxSocketPathBytes,
  prepareHome,
  type RunPaths,
  removeLogs,
  runPaths,
} from "./home.ts";
export { loadReaper } from "./load-reaper.ts";
export { type Leftover, type ReapedRun, reap, reapRun } from "./reaper.ts";
export {
  doorOf,
  type ListedRun,
  listRuns,
  type RunRecord,
  removeRunRecord,
  writeRunRecord,
} from "./run-record.ts";
export { sparedProcesses } from "./spared-processes.ts";
export { readThings, ThingLog } from "./things.ts";
