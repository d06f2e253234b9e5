import { SuperJSON } from "superjson";
import { find, type Search } from "./walk.ts";

/** A value as one JSON object: `meta` is there only when plain JSON would have lost something. */
export interface WireValue {
  readonly json?: unknown;
  /** The notes with which superjson makes dates, maps, bytes, errors and a list's `undefined` of `json` again. */
  readonly meta?: unknown;
}

/** A value cannot be written as JSON, or what came in cannot be read back. */
export class WireValueError extends Error {
  readonly code = "wire-value";
  constructor(what: string, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "WireValueError";
  }
}

const superjson = new SuperJSON();
superjson.allowErrorProps("stack", "code", "retryable", "reason");

/** Make a value ready for `JSON.stringify`, in one walk when it is plain. Throws WireValueError. */
export function encodeValue(value: unknown): WireValue {
  try {
    if (value === undefined) return {};
    if (isPlainJson(value)) return { json: value };
    const { json, meta } = superjson.serialize(value);
    return meta === undefined ? { json } : { json, meta };
  } catch (error) {
    throw new WireValueError("The value cannot be written as JSON", error);
  }
}

/** Read what `encodeValue` made. Throws WireValueError; classes and symbols are never built from it. */
export function decodeValue(wire: WireValue): unknown {
  if (wire.meta === undefined) return wire.json;
  try {
    // superjson checks `meta` itself; its type is wider than what is known here.
    const payload: unknown = { json: wire.json, meta: wire.meta };
    return superjson.deserialize(payload as Parameters<typeof superjson.deserialize>[0]);
  } catch (error) {
    throw new WireValueError("The value cannot be read back", error);
  }
}

/** Tell whether `JSON.parse(JSON.stringify(value))` gives the same again; a member that is undefined counts as absent. */
export function isPlainJson(value: unknown): boolean {
  return find(value, plainJson) === undefined;
}

const plainJson: Search = {
  depth: [200, "too deep"],
  leaf: (leaf) => {
    if (leaf === null || typeof leaf === "string" || typeof leaf === "boolean") return undefined;
    return Number.isFinite(leaf) && !Object.is(leaf, -0) ? undefined : "a value that JSON lacks";
  },
  other: () => "an object of a class",
};
