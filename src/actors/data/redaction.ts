import { Walk } from "./walk.ts";

/** Takes known secrets out of what is written for people. */
export interface Redaction {
  /** Take a value for a secret from now on. Values of fewer than 6 characters hide too little and are not taken. */
  add(secret: string): void;
  text(text: string): string;
  /** Tell whether JSON holds a secret. */
  isIn(json: string): boolean;
  /** Give `value` with every secret in it replaced, in keys as well; the value itself when it has none. */
  value(value: unknown): unknown;
}

const shortestSecret = 6;
/**
 * The form of agents' tokens. A run has thousands: they are found by their form, not one by one.
 */
const tokenForm = /^[0-9a-z]{40}$/;
const tokenBytes = 40;
const longWord = /[0-9a-z]{40,}/g;
const redacted = "[redacted]";

/** Start knowing secrets; none at first. */
export function createRedaction(secrets: Iterable<string> = []): Redaction {
  const known = new Set<string>();
  const tokens = new Set<string>();
  const text = (given: string): string => {
    let result = given;
    for (const secret of known)
      if (result.includes(secret)) result = result.replaceAll(secret, redacted);
    if (tokens.size === 0) return result;
    return result.replace(longWord, (word) => withoutTokens(word, tokens));
  };
  const add = (secret: string): void => {
    if (tokenForm.test(secret)) tokens.add(secret);
    else if (secret.length >= shortestSecret) known.add(secret);
  };
  for (const secret of secrets) add(secret);
  const knowsNone = (): boolean => known.size + tokens.size === 0;
  const isIn = (json: string): boolean =>
    text(json) !== json || [...known].some((secret) => json.includes(inJson(secret)));
  return {
    add,
    text,
    isIn,
    value: (value) => (knowsNone() ? value : new Hiding(text).walk(value)),
  };
}

/** Give text as it stands inside a text of JSON. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

function withoutTokens(word: string, tokens: ReadonlySet<string>): string {
  for (let start = 0; start + tokenBytes <= word.length; start += 1) {
    const end = start + tokenBytes;
    if (!tokens.has(word.slice(start, end))) continue;
    return `${word.slice(0, start)}${redacted}${withoutTokens(word.slice(end), tokens)}`;
  }
  return word;
}

class Hiding extends Walk {
  readonly #text: (text: string) => string;

  constructor(text: (text: string) => string) {
    super();
    this.#text = text;
  }

  protected leaf(value: unknown): unknown {
    return typeof value === "string" ? this.#text(value) : value;
  }

  protected override key(key: string): string {
    return this.#text(key);
  }

  protected deep(): unknown {
    return "[nested too deeply]";
  }

  protected other(value: object): unknown {
    if (value instanceof Map)
      return new Map([...value].map(([key, item]) => [this.walk(key), this.walk(item)]));
    if (value instanceof Set) return new Set([...value].map((item) => this.walk(item)));
    return value instanceof Error ? this.#error(value) : value;
  }

  #error(error: Error): Error {
    const copy = new Error(this.#text(error.message));
    const cause = error.cause === undefined ? {} : { cause: this.walk(error.cause) };
    return Object.assign(copy, this.walk({ ...error }), cause, {
      name: error.name,
      stack: this.#text(error.stack ?? ""),
    });
  }
}
