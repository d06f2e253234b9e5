import { find, isRecord, type Search } from "../../data/index.ts";

/* Reads what came in from outside: each reader gives what should be there, or throws. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

const maxDepth = 64;
const maxListed = 10_000;

/** A frame is not what the protocol allows; `reason` says where and why. */
export class BadFrameError extends Error {
  readonly code = "bad-frame";
  constructor(readonly reason: string) {
    super(`Not a frame of ramure's protocol: ${reason}.`);
    this.name = "BadFrameError";
  }
}

/** Turns what came in into what it should be, or throws; `at` is where it stands in the frame. */
export type Reader<Value> = (value: unknown, at: string) => Value;
export type Readers<Shape> = Readonly<Record<string, Reader<Shape>>>;

export function check<Value>(is: (value: unknown) => value is Value, what: string): Reader<Value> {
  return (value, at) => {
    if (is(value)) return value;
    throw new BadFrameError(`${at || "the frame"} is not ${what}`);
  };
}

export const record = check(isRecord, "an object");

export function string(max: number, min = 0): Reader<string> {
  return check(
    (value): value is string =>
      typeof value === "string" && value.length >= min && value.length <= max,
    `a string of ${min} to ${max} characters`,
  );
}

export function oneOf<Value extends string>(...values: readonly Value[]): Reader<Value> {
  return check((value): value is Value => values.some((one) => one === value), values.join(" or "));
}

export function optional<Value>(reader: Reader<Value>): Reader<Value | undefined> {
  return (value, at) => (value === undefined ? undefined : reader(value, at));
}

export function list<Value>(reader: Reader<Value>): Reader<readonly Value[]> {
  const array = check((value): value is unknown[] => Array.isArray(value), "a list");
  return (value, at) => {
    const items = array(value, at);
    if (items.length > maxListed) throw new BadFrameError(`${at} has over ${maxListed} items`);
    return items.map((item, index) => reader(item, `${at}[${index}]`));
  };
}

export type Fields<Shape> = { readonly [Key in keyof Shape]-?: Reader<Shape[Key]> };

/** Reads the fields that are known and leaves out the rest, which a newer peer may add. */
export function object<Shape>(fields: Fields<Shape>): Reader<Shape> {
  const entries = Object.entries<Reader<unknown>>(fields);
  return (value, at) => {
    const from = record(value, at);
    const read: Record<string, unknown> = {};
    for (const [key, reader] of entries) {
      const field = reader(from[key], at ? `${at}.${key}` : key);
      if (field !== undefined) read[key] = field;
    }
    return read as Shape;
  };
}

export type FieldsByType<Shape extends { readonly type: string }> = {
  readonly [Type in Shape["type"]]: Fields<Omit<Extract<Shape, { type: Type }>, "type">>;
};

export function union<Shape extends { readonly type: string }>(
  all: FieldsByType<Shape>,
): Readers<Shape> {
  const named = Object.entries<Fields<object>>(all).map(
    ([type, fields]) => [type, object({ type: oneOf(type), ...fields })] as const,
  );
  return Object.fromEntries(named) as Record<string, Reader<Shape>>;
}

/** Take what JSON.parse gave for what it is, unless it is nested too deeply or would reach prototypes. */
export function json(value: unknown): Json {
  const wrong = find(value, unsafe);
  if (wrong !== undefined) throw new BadFrameError(wrong.what);
  return value as Json;
}

const refusedKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const unsafe: Search = {
  depth: [maxDepth, `nested deeper than ${maxDepth}`],
  key: (key) => (refusedKeys.has(key) ? `the key ${key} is not allowed` : undefined),
};

/** Read by the reader of its `type`. */
export function dispatch<Shape>(readers: Readers<Shape>, value: unknown, at: string): Shape {
  const type = isRecord(value) && typeof value.type === "string" ? value.type : "";
  const reader = Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (!reader) throw new BadFrameError(`unknown type ${JSON.stringify(type.slice(0, 40))} ${at}`);
  return reader(value, at);
}
