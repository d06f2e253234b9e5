/** Takes known secrets out of what is written for people. */
export interface Redaction {
  /** From now on this value is a secret. Values of fewer than 6 characters hide too little and are not taken. */
  add(secret: string): void;
  text(text: string): string;
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
const deepest = 64;
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
  return { add, text, value: (value) => (knowsNone() ? value : walk(value, text, 0)) };
}

function withoutTokens(word: string, tokens: ReadonlySet<string>): string {
  for (let start = 0; start + tokenBytes <= word.length; start += 1) {
    const end = start + tokenBytes;
    if (!tokens.has(word.slice(start, end))) continue;
    return `${word.slice(0, start)}${redacted}${withoutTokens(word.slice(end), tokens)}`;
  }
  return word;
}

type Replace = (text: string) => string;

function walk(value: unknown, replace: Replace, depth: number): unknown {
  if (typeof value === "string") return replace(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > deepest) return "[nested too deeply]";
  if (Array.isArray(value)) return list(value, replace, depth);
  if (value instanceof Map) return new Map(pairs([...value], replace, depth));
  if (value instanceof Set)
    return new Set([...value].map((item) => walk(item, replace, depth + 1)));
  if (value instanceof Error) return errorWithout(value, replace, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return record(value, replace, depth);
}

function list(items: readonly unknown[], replace: Replace, depth: number): readonly unknown[] {
  return items.map((item) => walk(item, replace, depth + 1));
}

function pairs(
  items: readonly (readonly [unknown, unknown])[],
  replace: Replace,
  depth: number,
): (readonly [unknown, unknown])[] {
  return items.map(([key, item]) => [
    walk(key, replace, depth + 1),
    walk(item, replace, depth + 1),
  ]);
}

function record(value: object, replace: Replace, depth: number): Record<string, unknown> {
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [replace(key), walk(item, replace, depth + 1)]),
  );
}

function errorWithout(error: Error, replace: Replace, depth: number): Error {
  const copy = new Error(replace(error.message));
  const cause = error.cause === undefined ? {} : { cause: walk(error.cause, replace, depth + 1) };
  return Object.assign(copy, record(error, replace, depth), cause, {
    name: error.name,
    stack: replace(error.stack ?? ""),
  });
}
