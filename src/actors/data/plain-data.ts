/** The mark that stands in an event for a value that cannot be data, such as a function. */
export interface Unserialisable {
  readonly unserialisable: string;
}

/** The greatest depth of a copy: nobody reads deeper data. */
const deepest = 64;

/**
 * Copy `value`, so that what its owner does to it later is not seen; the copy of plain data is frozen.
 *
 * Dates, maps, sets, bytes and errors survive. A function, a promise or a live object is replaced
 * by a mark that names it. Never throws.
 */
export function isolated(value: unknown): unknown {
  try {
    return copy(value, 0);
  } catch (error) {
    return mark(error instanceof Error ? error.message : "a value that cannot be read");
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value !== "object")
    return typeof value === "function" ? mark("function") : plain(value);
  if (value === null) return null;
  if (depth > deepest) return mark("nested too deeply, or in a circle");
  if (Array.isArray(value)) return Object.freeze(value.map((item) => copy(item, depth + 1)));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyRecord(value, depth);
  return copyOther(value);
}

function plain(value: unknown): unknown {
  return typeof value === "symbol" ? mark(value.toString()) : value;
}

function copyRecord(value: object, depth: number): unknown {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item: unknown = Reflect.get(value, key);
    if (key === "__proto__") define(result, key, copy(item, depth + 1));
    else result[key] = typeof item === "string" ? item : copy(item, depth + 1);
  }
  return Object.freeze(result);
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true });
}

function copyOther(value: object): unknown {
  if (value instanceof Promise) return mark("promise");
  if (isClonable(value)) return structuredClone(value);
  return mark(value.constructor?.name || "object");
}

function isClonable(value: object): boolean {
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

function mark(unserialisable: string): Unserialisable {
  return Object.freeze({ unserialisable });
}
