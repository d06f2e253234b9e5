const maxCharacters = 50_000;

/**
 * Say what a handler returned as the text that a model reads.
 *
 * A string as it is, nothing as nothing, everything else as indented JSON in which bytes, dates,
 * maps, sets, errors and big numbers are readable. What is too long is cut, and says so.
 */
export function toolText(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string") return cut(value);
  const plain = readable(value, []);
  return cut(typeof plain === "string" ? plain : (JSON.stringify(plain, undefined, 2) ?? ""));
}

/** Say what was thrown as the text that a model reads. */
export function errorText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return toolText(thrown) || "It failed without a reason.";
  return cut(thrown.message || thrown.name);
}

function cut(text: string): string {
  if (text.length <= maxCharacters) return text;
  return `${text.slice(0, maxCharacters)}\n… (the first ${maxCharacters} of ${text.length} characters)`;
}

/** Make a value that JSON.stringify shows whole; `within` are the objects that it lies in. */
function readable(value: unknown, within: readonly object[]): unknown {
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return value;
  if (within.includes(value)) return "[circular]";
  return readableObject(value, [...within, value]);
}

function readableObject(value: object, within: readonly object[]): unknown {
  const each = (item: unknown) => readable(item, within);
  if (Array.isArray(value)) return value.map(each);
  if (value instanceof Set) return [...value].map(each);
  if (value instanceof Map) return readableMap(value, each);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof ArrayBuffer) return bytesText(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) {
    return bytesText(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if ("toJSON" in value && typeof value.toJSON === "function") return each(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, each(item)]));
}

function readableMap(map: Map<unknown, unknown>, each: (item: unknown) => unknown): unknown {
  const entries = [...map].map(([key, item]) => [each(key), each(item)] as const);
  const named = entries.every(([key]) => typeof key === "string" || typeof key === "number");
  return named ? Object.fromEntries(entries) : entries;
}

/** Write bytes as text where they are text, else as base64 that says so. */
function bytesText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return `base64:${Buffer.from(bytes).toString("base64")}`;
  }
}
