export { openRun, startRun } from "./start-run.ts";
