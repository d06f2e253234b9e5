import { find, isKnownData, type Search, Walk } from "./walk.ts";

/** The mark that stands in an event for a value that cannot be data, such as a function. */
export interface Unserialisable {
  readonly unserialisable: string;
}

const tooDeep = "nested too deeply, or in a circle";

/**
 * Copy `value`, so that what its owner does to it later is not seen; the copy of plain data is frozen.
 *
 * Dates, maps, sets, bytes and errors survive. A function, a promise or a live object is replaced
 * by a mark that names it. Never throws.
 */
export function isolated(value: unknown): unknown {
  return copyOf(value).copy;
}

/** Copy `value` as `isolated` does, and tell whether something in it was replaced by a mark. */
export function copyOf(value: unknown): { readonly copy: unknown; readonly isMarked: boolean } {
  const walk = new Copy();
  try {
    const copy = walk.walk(value);
    return { copy, isMarked: walk.isMarked };
  } catch (error) {
    const why = error instanceof Error ? error.message : "a value that cannot be read";
    return { copy: mark(why), isMarked: true };
  }
}

class Copy extends Walk {
  isMarked = false;

  protected leaf(value: unknown): unknown {
    if (typeof value === "function") return this.#mark("function");
    return typeof value === "symbol" ? this.#mark(value.toString()) : value;
  }

  protected other(value: object): unknown {
    if (isKnownData(value)) return structuredClone(value);
    return this.#mark(value instanceof Promise ? "promise" : value.constructor?.name || "object");
  }

  protected deep(): unknown {
    return this.#mark(tooDeep);
  }

  protected override made<Made extends object>(made: Made): Made {
    return Object.freeze(made);
  }

  #mark(why: string): Unserialisable {
    this.isMarked = true;
    return mark(why);
  }
}

function mark(unserialisable: string): Unserialisable {
  return Object.freeze({ unserialisable });
}

/**
 * Find what in a value cannot be taken along: a function, a symbol, a promise, a live object.
 *
 * Undefined when all is data: what JSON knows, and dates, maps, sets, bytes, errors and patterns.
 */
export function notData(value: unknown): string | undefined {
  const found = find(value, live);
  return found && `the value${found.at} (${found.what})`;
}

const live: Search = {
  depth: [64, tooDeep],
  leaf: (value) => {
    const is = typeof value;
    return is === "function" || is === "symbol" ? `a ${is}` : undefined;
  },
  other: (value) =>
    isKnownData(value) ? undefined : `a ${value.constructor?.name || "live object"}`,
};
