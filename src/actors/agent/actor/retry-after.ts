import { longestRetryAfterMs } from "../wire/protocol.ts";

const lead = String.raw`(?:retry|try again|available|resets?)[^.\d]{0,30}?`;
const unit = "(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])";
const amount = String.raw`(\d+(?:\.\d+)?)\s*${unit}`;
const header = "retry[-_ ]?after";
const value = String.raw`["']?\s*[:=]?\s*["']?(\d+(?:\.\d+)?)(?![\w:.-])`;

const said = {
  date: new RegExp(
    String.raw`${lead}(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)|(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT)`,
    "i",
  ),
  span: new RegExp(String.raw`${lead}(${amount}(?:[\s,]{0,2}${amount})*)`, "i"),
  ms: new RegExp(`${header}[-_ ]?ms${value}`, "i"),
  seconds: new RegExp(`${header}${value}`, "i"),
} as const;

/** How long the text of a failure asks to wait: as a time span, or as a date beside `wallNow`. */
export function retryAfterIn(text: string, wallNow: number): number | undefined {
  const ms = said.ms.exec(text)?.[1];
  if (ms !== undefined) return bounded(Number(ms));
  const date = said.date.exec(text)?.[1];
  if (date !== undefined) return bounded(Date.parse(date) - wallNow);
  const span = said.span.exec(text)?.[1];
  if (span !== undefined) return bounded(spanMs(span));
  const seconds = said.seconds.exec(text)?.[1];
  return seconds === undefined ? undefined : bounded(Number(seconds) * 1_000);
}

function bounded(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, Math.ceil(ms)));
}

/** `1h 2m3.5s`, all parts together. */
function spanMs(span: string): number {
  const parts = [...span.matchAll(new RegExp(amount, "gi"))];
  return parts.reduce((sum, [, count, name = ""]) => sum + Number(count) * unitMs(name), 0);
}

function unitMs(name: string): number {
  const word = name.toLowerCase();
  if (word === "ms" || word.startsWith("milli")) return 1;
  if (word.startsWith("s")) return 1_000;
  if (word.startsWith("m")) return 60_000;
  return word.startsWith("h") ? 3_600_000 : 86_400_000;
}
