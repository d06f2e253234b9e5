export { openRun, type RunSetting, type StartedRun, startRun } from "./start-run.ts";
