export { measureFor } from "./columns.ts";
export { age, duration, parseDuration, timeOf } from "./durations.ts";
export { LogLines } from "./log-lines.ts";
export { endText, outcomeOf, outcomeText, type RunOutcome } from "./outcome.ts";
export {
  type Env,
  endOnBrokenPipe,
  type Look,
  lookOf,
  printable,
  styled,
  write,
} from "./terminal.ts";
