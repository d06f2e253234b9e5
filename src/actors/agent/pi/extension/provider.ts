import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { longestRetryAfterMs } from "../../wire/index.ts";
import { wallNow } from "./pi.ts";

/** The facts about a failure in a provider's last answer over HTTP. */
export interface ProviderAnswer {
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Node tells of the head of every answer to a `fetch` here. */
const channel = "undici:request:headers";

/**
 * Listens to what providers answer: pi passes on the text of a failure, not its status and its `retry-after`.
 *
 * It hears every request of pi's process; a failure that the text does not name belongs to another request.
 */
export class ProviderEar {
  readonly #heard = (message: unknown) => this.#take(message);
  readonly #told: (answer: ProviderAnswer) => void;
  #last: ProviderAnswer = {};

  /** `told` is called with each answer, a failure or not. */
  constructor(told: (answer: ProviderAnswer) => void = () => {}) {
    this.#told = told;
  }

  open(): void {
    subscribe(channel, this.#heard);
  }

  close(): void {
    unsubscribe(channel, this.#heard);
  }

  /** Forget what was heard: a new turn begins. */
  forget(): void {
    this.#last = {};
  }

  /** Give the answer that belongs to a failure with this text. */
  of(error: string): ProviderAnswer {
    const { status } = this.#last;
    return status !== undefined && error.includes(String(status)) ? this.#last : {};
  }

  #take(message: unknown): void {
    const answer = answerIn(message);
    if (answer?.status === undefined) return;
    if (answer.status >= 400) this.#last = answer;
    this.#told(answer);
  }
}

function answerIn(message: unknown): ProviderAnswer | undefined {
  if (typeof message !== "object" || message === null || !("response" in message)) return undefined;
  const { response } = message;
  if (typeof response !== "object" || response === null) return undefined;
  if (!("statusCode" in response) || typeof response.statusCode !== "number") return undefined;
  const { statusCode: status } = response;
  const headers = "headers" in response && Array.isArray(response.headers) ? response.headers : [];
  const retryAfterMs = waitIn(headers.map((word: unknown) => String(word)));
  return retryAfterMs === undefined ? { status } : { status, retryAfterMs };
}

/**
 * Find the wait that the head of an answer asks for: `retry-after-ms`, or `retry-after` in seconds
 * or as a date.
 */
function waitIn(head: readonly string[]): number | undefined {
  const ms = numberIn(headerIn(head, "retry-after-ms"));
  const after = headerIn(head, "retry-after");
  const seconds = numberIn(after);
  const found = ms ?? (seconds === undefined ? untilMs(after, head) : seconds * 1_000);
  return found === undefined
    ? undefined
    : Math.min(longestRetryAfterMs, Math.max(0, Math.ceil(found)));
}

/** A date counts from the provider's own time, which it says beside it: ours may be wrong. */
function untilMs(date = "", head: readonly string[] = []): number | undefined {
  const at = /^[a-z]{3,9}, /i.test(date) ? Date.parse(date) : Number.NaN;
  const said = Date.parse(headerIn(head, "date") ?? "");
  return Number.isNaN(at) ? undefined : at - (Number.isNaN(said) ? wallNow() : said);
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}

/** Names and values alternate. */
function headerIn(head: readonly string[], name: string): string | undefined {
  const at = head.findIndex((word, index) => index % 2 === 0 && word.toLowerCase() === name);
  return at < 0 ? undefined : head[at + 1];
}
