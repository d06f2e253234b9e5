const deepest = 64;

/**
 * Find what in a value cannot be taken along: a function, a symbol, a promise, a live object.
 *
 * Undefined when all is data: what JSON knows, and dates, maps, sets, bytes, errors and patterns.
 */
export function notData(value: unknown): string | undefined {
  return search(value, "the value", 0);
}

function search(value: unknown, where: string, depth: number): string | undefined {
  if (typeof value === "function" || typeof value === "symbol")
    return `${where} (a ${typeof value})`;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > deepest) return `${where} (nested too deeply, or in a circle)`;
  if (Array.isArray(value)) return first(value.entries(), where, depth);
  if (value instanceof Map) return first(value.entries(), where, depth);
  if (value instanceof Set) return first([...value].entries(), where, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return first(Object.entries(value), where, depth);
  }
  return isKnown(value) ? undefined : `${where} (a ${value.constructor?.name || "live object"})`;
}

function first(
  entries: Iterable<readonly [unknown, unknown]>,
  where: string,
  depth: number,
): string | undefined {
  for (const [key, item] of entries) {
    const found = search(item, `${where}.${String(key)}`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isKnown(value: object): boolean {
  return (
    value instanceof Date ||
    value instanceof Error ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}
