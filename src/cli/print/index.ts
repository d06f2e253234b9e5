export { age, duration, parseDuration, timeOf } from "./durations.ts";
export { LogLines } from "./log-lines.ts";
export { endText, type Outcome, outcomeOf, outcomeText } from "./outcome.ts";
export {
  type Env,
  endOnBrokenPipe,
  type Look,
  lookOf,
  printable,
  styled,
  write,
} from "./terminal.ts";
export { measureFor } from "./text-width.ts";
