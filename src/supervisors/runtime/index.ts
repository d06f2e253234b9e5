export { openRun, type StartedRun, startRun } from "./start-run.ts";
