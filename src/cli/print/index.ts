export { measureFor } from "./columns.ts";
export { age, costText, duration, parseDuration, timeOf } from "./durations.ts";
export { LogLines } from "./log-lines.ts";
export { endOf, endText, outcomeText, type RunEnd, type RunOutcome } from "./outcome.ts";
export {
  type Env,
  endOnBrokenPipe,
  type Look,
  lookOf,
  styled,
  write,
} from "./terminal.ts";
