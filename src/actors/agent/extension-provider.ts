import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** What a provider's last answer over HTTP said of a failure. */
export interface ProviderAnswer {
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Node tells of the head of every answer to a `fetch` here. */
const channel = "undici:request:headers";

/**
 * Listens to what providers answer: pi passes on the text of a failure, not its status and its `retry-after`.
 *
 * It hears every request of pi's process; a failure that the text does not name is somebody else's.
 */
export class ProviderEar {
  readonly #heard = (message: unknown) => this.#take(message);
  #last: ProviderAnswer = {};

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

  /** What was heard of a failure with this text. */
  of(error: string): ProviderAnswer {
    const { status } = this.#last;
    return status !== undefined && error.includes(String(status)) ? this.#last : {};
  }

  #take(message: unknown): void {
    const answer = answerIn(message);
    if (answer?.status !== undefined && answer.status >= 400) this.#last = answer;
  }
}

function answerIn(message: unknown): ProviderAnswer | undefined {
  if (typeof message !== "object" || message === null || !("response" in message)) return undefined;
  const { response } = message;
  if (typeof response !== "object" || response === null) return undefined;
  if (!("statusCode" in response) || typeof response.statusCode !== "number") return undefined;
  const headers = "headers" in response && Array.isArray(response.headers) ? response.headers : [];
  const words = headers.map((word: unknown) => String(word));
  const ms = headerIn(words, "retry-after-ms");
  const seconds = headerIn(words, "retry-after");
  const retryAfterMs = ms ?? (seconds === undefined ? undefined : seconds * 1_000);
  const status = response.statusCode;
  return retryAfterMs === undefined
    ? { status }
    : { status, retryAfterMs: Math.ceil(retryAfterMs) };
}

/** Names and values alternate. */
function headerIn(words: readonly string[], name: string): number | undefined {
  const at = words.findIndex((word, index) => index % 2 === 0 && word.toLowerCase() === name);
  const value = at < 0 ? Number.NaN : Number(words[at + 1]);
  return value >= 0 ? value : undefined;
}
