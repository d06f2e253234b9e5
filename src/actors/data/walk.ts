/*
 * The two walks over values of unknown origin: one makes another value of it, one looks for what
 * does not belong. Lists and records are walked here; a visitor says what is done with the rest.
 */

/** Deeper than this it is not data that somebody will read. */
const deepest = 64;

/** Makes another value of a value: lists and records anew, and what a subclass says of the rest. */
export abstract class Walk {
  readonly #within: object[] = [];

  /** Give what stands for a value that is no object. */
  protected abstract leaf(value: unknown): unknown;
  /** Give what stands for an object that is neither a list nor a record. */
  protected abstract other(value: object): unknown;
  /** Give what stands for a list or record within itself, or nested deeper than 64. */
  protected abstract deep(): unknown;

  /** Give what stands for the name of a member. */
  protected key(key: string): string {
    return key;
  }

  /** Take a new list or record. */
  protected made<Made extends object>(made: Made): Made {
    return made;
  }

  /** Walk a value. Throws what a getter in it throws. */
  walk(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return this.leaf(value);
    const within = this.#within;
    if (within.length > deepest || within.includes(value)) return this.deep();
    within.push(value);
    const result = this.#into(value);
    within.pop();
    return result;
  }

  #into(value: object): unknown {
    if (Array.isArray(value)) return this.made(value.map((item) => this.walk(item)));
    if (!isPlain(value)) return this.other(value);
    const result: Record<string, unknown> = {};
    for (const name of Object.keys(value)) {
      const item = this.walk(Reflect.get(value, name));
      define(result, this.key(name), item);
    }
    return this.made(result);
  }
}

function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true });
}

/** The rules by which `find` looks for what does not belong into a value; each gives a complaint. */
export interface Search {
  readonly leaf?: ((value: unknown) => string | undefined) | undefined;
  /** Looks at an object that is neither a list nor a record. Without a complaint a map or a set is walked. */
  readonly other?: ((value: object) => string | undefined) | undefined;
  /** Looks at the name of a member. */
  readonly key?: ((key: string) => string | undefined) | undefined;
  /** The most levels, and the complaint about more. */
  readonly depth: readonly [most: number, complaint: string];
}

/** A part that does not belong, and its place, such as `.steps.3`. */
export interface Complaint {
  readonly what: string;
  readonly at: string;
}

/** Find the first thing in a value that does not belong. A member that is undefined counts as absent. */
export function find(value: unknown, search: Search, level = 0): Complaint | undefined {
  if (typeof value !== "object" || value === null) return complaint(search.leaf?.(value));
  if (level > search.depth[0]) return complaint(search.depth[1]);
  const isList = Array.isArray(value);
  if (!isList && !isPlain(value)) return findInOther(value, search, level);
  const names = isList ? undefined : Object.keys(value);
  const members = value as Readonly<Record<PropertyKey, unknown>>;
  const length = names === undefined ? Number(members.length) : names.length;
  for (let index = 0; index < length; index += 1) {
    const key = names?.[index] ?? index;
    const what = typeof key === "string" ? search.key?.(key) : undefined;
    if (what !== undefined) return complaint(what);
    const item = members[key];
    const found = item === undefined && !isList ? undefined : find(item, search, level + 1);
    if (found !== undefined) return { what: found.what, at: `.${key}${found.at}` };
  }
  return undefined;
}

function findInOther(value: object, search: Search, level: number): Complaint | undefined {
  const what = search.other?.(value);
  if (what !== undefined) return complaint(what);
  if (value instanceof Map) return find(Object.fromEntries(value), search, level);
  return value instanceof Set ? find([...value], search, level) : undefined;
}

const complaint = (what: string | undefined): Complaint | undefined =>
  what === undefined ? undefined : { what, at: "" };

/** Tell whether an object is one that JSON could have made: of no class. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Tell whether an object of a class is data all the same: a date, a map, a set, bytes, an error or a pattern. */
export function isKnownData(value: object): boolean {
  return (
    value instanceof Date ||
    value instanceof Error ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}

/** Tell whether a value is an object with members, and no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
