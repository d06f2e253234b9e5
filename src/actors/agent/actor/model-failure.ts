import { longestRetryAfterMs } from "../wire/index.ts";

/** The reason why a model did not answer. */
export type ModelFailureClass =
  /** There is no key or login, or it is not accepted. */
  | "no-key"
  /** The account is out of credit or quota. */
  | "no-credit"
  /** The provider allows no further request for now. */
  | "rate-limit"
  /** The provider is overloaded or broken. */
  | "overload"
  /** Nothing came back from the provider. */
  | "unreachable"
  /** The conversation does not fit into the model. */
  | "too-long"
  /** The model, or a filter of its provider's, will have nothing to do with what the conversation holds. */
  | "refused"
  /** The provider does not take this request, today or tomorrow. */
  | "rejected"
  /** The text says none of these. */
  | "unknown";

/** The facts about a turn that ended without the model's answer. */
export interface ModelError {
  /** The text of the harness. */
  readonly error: string;
  /** The HTTP status of the provider's last answer. Default: the one that the text names. */
  readonly status?: number | undefined;
  /** The wait that the provider asked for, in ms. Default: as the text says. */
  readonly retryAfterMs?: number | undefined;
}

export interface ModelFailure {
  readonly class: ModelFailureClass;
  /** The same request may be answered later. */
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** Tell what a model's error means: whether to ask again, and when at the earliest, from `wallNow` on. */
export function modelFailure(failed: ModelError, wallNow: number): ModelFailure {
  const status = failed.status ?? statusIn(failed.error);
  const retryAfterMs = failed.retryAfterMs ?? retryAfterIn(failed.error, wallNow);
  const found = classOf(failed.error, status, retryAfterMs !== undefined);
  return { class: found, retryable: !lasting.has(found), retryAfterMs };
}

const lasting: ReadonlySet<ModelFailureClass> = new Set([
  "no-key",
  "no-credit",
  "too-long",
  "refused",
  "rejected",
]);

const words = {
  credit:
    /insufficient.?(quota|funds|balance)|credit balance|out of credits?|payment required|exceeded your current quota|billing.?(hard.?)?limit/i,
  key: /(invalid|incorrect|no|missing).{0,12}(api.?key|x-api-key|credentials)|unauthorized|authentication.?error|not logged in|login required/i,
  length:
    /context.?(length|window)|prompt is too long|maximum context|input is too long|too many tokens|request_too_large/i,
  /** The words of a filter's refusal, or of the model's own: the same conversation will be refused again. */
  refusal:
    /content.?(filter|management|policy)|usage polic|safety (filter|system|reason)|(finish.?reason|stopped with|stop.?reason|block.?reason)\W{0,3}(safety|sensitive|refusal|prohibited|blocklist|spii|recitation)|(model|provider|request) (was )?refused|\brefusal\b|guardrail|requires moderation|flagged/i,
  rate: /rate.?limit|too many requests|quota|throttl|resource.?exhausted/i,
  overload:
    /overloaded|server.?error|internal error|bad gateway|service unavailable|gateway time|temporarily|at capacity|try again later|retry your request/i,
  network:
    /ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|fetch failed|network|socket hang up|connection|timed? ?out|terminated|premature|websocket|upstream|disconnect|ended (before|without)|getaddrinfo|other side closed/i,
} as const;

/** A provider that names a time to come again does not mean that the money is gone. */
function classOf(text: string, status: number | undefined, comesBack: boolean): ModelFailureClass {
  if (status === 402 || (words.credit.test(text) && !comesBack)) return "no-credit";
  if (status === 401) return "no-key";
  if (words.refusal.test(text) && isOfTheRequest(status)) return "refused";
  if (status === 403) return "no-key";
  if (status === 413 || words.length.test(text)) return "too-long";
  if (status === 429) return "rate-limit";
  if (status !== undefined && isPassing(status)) return "overload";
  if (status === undefined && words.key.test(text)) return "no-key";
  if (words.overload.test(text)) return "overload";
  if (status !== undefined && status >= 400) return "rejected";
  if (words.rate.test(text)) return "rate-limit";
  return words.network.test(text) ? "unreachable" : "unknown";
}

/** Tell whether a reply ended in a refusal, which has no status of its own. */
function isOfTheRequest(status: number | undefined): boolean {
  return status === undefined || [400, 403, 422].includes(status);
}

function isPassing(status: number): boolean {
  return status >= 500 || [408, 409, 425].includes(status);
}

function statusIn(text: string): number | undefined {
  const found =
    /^\s*(?:error:?\s*)?([45]\d\d)\b/i.exec(text) ??
    /(?:status|code|http)\D{0,12}([45]\d\d)\b/i.exec(text);
  return found ? Number(found[1]) : undefined;
}

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

/**
 * Find the wait that the text of a failure asks for: as a time span, or as a date beside `wallNow`.
 */
function retryAfterIn(text: string, wallNow: number): number | undefined {
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
