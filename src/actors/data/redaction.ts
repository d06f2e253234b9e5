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
/** The form of agents' tokens. A run may have had any number of them. */
const tokenForm = /^[0-9a-z]{40}$/;
/** Tokens that are known. An older one is of an agent that has ended long ago, and opens nothing. */
const maxTokens = 4_096;
const redacted = "[redacted]";

/** Start knowing secrets; none at first. */
export function createRedaction(secrets: Iterable<string> = []): Redaction {
  const needles = new Needles();
  /** Secrets as they stand inside a text of JSON, where that is another text. */
  const escaped = new Needles();
  const tokens = new Set<string>();
  const add = (secret: string): void => {
    if (secret.length < shortestSecret) return;
    needles.add(secret);
    const json = JSON.stringify(secret).slice(1, -1);
    if (json !== secret) escaped.add(json);
    if (!tokenForm.test(secret)) return;
    tokens.add(secret);
    if (tokens.size <= maxTokens) return;
    const [oldest = ""] = tokens;
    tokens.delete(oldest);
    needles.delete(oldest);
  };
  for (const secret of secrets) add(secret);
  const text = (given: string): string => needles.replacedIn(given);
  return {
    add,
    text,
    isIn: (json) => text(json) !== json || escaped.replacedIn(json) !== json,
    value: (value) => (needles.size === 0 ? value : new Hiding(text).walk(value)),
  };
}

/** A hash of 16 bits holds four characters: each new one pushes the fourth before it out. */
const buckets = 0x1_0000;
const hashed = 4;

/** Texts that are looked for all at once. The cost is one step a character, however many there are. */
class Needles {
  readonly #byHash = new Map<number, readonly string[]>();
  /** Marks, by hash, the four characters that begin a needle. */
  readonly #begins = new Uint8Array(buckets);
  size = 0;

  add(needle: string): void {
    const hash = hashOf(needle);
    const others = this.#byHash.get(hash) ?? [];
    if (others.includes(needle)) return;
    // Of two that begin alike, the longer one is the whole secret.
    this.#byHash.set(
      hash,
      [...others, needle].sort((a, b) => b.length - a.length),
    );
    this.#begins[hash] = 1;
    this.size += 1;
  }

  delete(needle: string): void {
    const hash = hashOf(needle);
    const others = (this.#byHash.get(hash) ?? []).filter((other) => other !== needle);
    this.size -= 1;
    if (others.length > 0) this.#byHash.set(hash, others);
    else if (this.#byHash.delete(hash)) this.#begins[hash] = 0;
  }

  replacedIn(text: string): string {
    if (this.size === 0) return text;
    let [result, kept, hash] = ["", 0, 0];
    for (let at = 0; at < text.length; at += 1) {
      hash = pushed(hash, text.charCodeAt(at));
      const start = at + 1 - hashed;
      if (this.#begins[hash] === 0 || start < kept) continue;
      const found = this.#byHash.get(hash)?.find((needle) => text.startsWith(needle, start));
      if (found === undefined) continue;
      result += text.slice(kept, start) + redacted;
      kept = start + found.length;
      at = kept - 1;
    }
    return kept === 0 ? text : result + text.slice(kept);
  }
}

function hashOf(needle: string): number {
  let hash = 0;
  for (let at = 0; at < hashed; at += 1) hash = pushed(hash, needle.charCodeAt(at));
  return hash;
}

function pushed(hash: number, character: number): number {
  return ((hash << 4) ^ Math.imul(character, 0x9e37)) & (buckets - 1);
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
