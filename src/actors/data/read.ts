import * as v from "valibot";
import { RamureError } from "../../errors.ts";
import { isRecord } from "./walk.ts";

/** A value from outside does not have the shape that its reader asks for. */
export class FieldError extends RamureError {
  readonly code = "bad-field";
}

/** A number as JSON can carry it. */
export const finite = v.custom<number>((value) => Number.isFinite(value), "a number");

/** An object whose members are not looked at. */
export const anyRecord = v.custom<Readonly<Record<string, unknown>>>(isRecord, "an object");

/** Read a value that came from outside; `where` names it in the FieldError that this throws. */
export function read<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  where: string,
): v.InferOutput<Schema> {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output;
  throw new FieldError(`${where}${pathOf(issues[0])} ${complaintOf(issues[0])}.`);
}

/** Read JSON. Undefined for what is none, so that a reader's check of the shape refuses it. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pathOf({ path }: v.BaseIssue<unknown>): string {
  const keys = path?.map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return keys?.join("") ?? "";
}

function complaintOf({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (type === "custom") return `is not ${message}`;
  if (type === "object" && expected !== "Object" && received === "undefined") return "is missing";
  return `is not ${words[expected ?? ""] ?? expected ?? message}`;
}

const words: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  boolean: "a boolean",
  Array: "a list",
  Object: "an object",
};
