import { createHash } from "node:crypto";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { MisuseError } from "../../../errors.ts";
import { InvalidInputError } from "../errors.ts";
import type { JsonObject } from "../wire/index.ts";

/**
 * The input of a tool or an endpoint: a schema that validates and that can say itself as JSON
 * Schema.
 *
 * zod from 4.2 on and arktype are such schemas as they are, valibot through its adapter, and raw
 * JSON Schema through `jsonSchema`.
 */
export type InputSchema<T = unknown> = StandardSchemaV1<unknown, T> &
  StandardJSONSchemaV1<unknown, T>;

/** The parameters of a tool that takes none. */
const noParameters: JsonObject = {
  type: "object",
  properties: {},
  additionalProperties: false,
};

/**
 * Make an input of a raw JSON Schema (draft 2020-12 or 7), checked by ajv; `T` is taken on trust.
 *
 * Throws MisuseError (`invalid-tool`) when it is no valid schema.
 *
 * @example
 * ```ts
 * import { agentProcess, emit, expose, jsonSchema, receive, spawn } from "ramure";
 *
 * const input = jsonSchema<{ name: string }>({
 *   type: "object",
 *   properties: { name: { type: "string", minLength: 1 } },
 *   required: ["name"],
 * });
 * const greeter = agentProcess(async function greeter() {
 *   expose("greet", { description: "Greet somebody.", input }, ({ name }) => `Hello ${name}.`);
 *   emit("ready");
 *   await receive();
 * });
 * const program = agentProcess(async function program() {
 *   await using handle = spawn(greeter);
 *   await handle.events.waitFor("ready");
 *   return await handle.call("greet", { name: "Ada" });
 * });
 *
 * console.log(await program()); // Hello Ada.
 * ```
 */
export function jsonSchema<T = unknown>(schema: Readonly<Record<string, unknown>>): InputSchema<T> {
  const { $schema: _, ...parameters } = schema;
  const check = checkOf(parameters);
  const isValid = (value: unknown): value is T => check(value);
  const asJson = () => parameters;
  return {
    "~standard": {
      version: 1,
      vendor: "ramure",
      validate: (value) =>
        isValid(value) ? { value } : { issues: (check.errors ?? []).map(issueOf) },
      jsonSchema: { input: asJson, output: asJson },
    },
  };
}

/**
 * Give the JSON Schema that a model is told. Without a schema: no arguments.
 *
 * Throws MisuseError (`invalid-tool`) when the schema cannot say itself, or does not describe an object.
 */
export function parametersOf(schema: InputSchema | undefined): JsonObject {
  if (schema === undefined) return noParameters;
  const { $schema: _, ...parameters } = jsonOf(schema);
  if (parameters.type === "object") return parameters as JsonObject;
  throw new MisuseError(
    "invalid-tool",
    `An input's schema must describe an object at its top, this one says type ${JSON.stringify(parameters.type)}; wrap it as a property of an object.`,
  );
}

/** Give the value as the schema wants it. Rejects with InvalidInputError, whose lines say `path: message`. */
export async function validateInput<T>(
  schema: InputSchema<T> | undefined,
  value: unknown,
  what = "It",
): Promise<T> {
  const result = await (schema ?? emptyInput<T>())["~standard"].validate(value ?? {});
  if (result.issues) throw new InvalidInputError(what, result.issues.map(issueLine));
  return result.value;
}

let empty: InputSchema | undefined;

function emptyInput<T>(): InputSchema<T> {
  empty ??= jsonSchema(noParameters);
  return empty as InputSchema<T>;
}

/** Everything that one ajv compiled lives as long as it does, so after so many schemas a new one takes its place. */
const schemasPerAjv = 100;
/** The checks used last, by the text of their schema: connections and pools make the same ones again and again. */
const checks = new Map<string, ValidateFunction>();
let ajv: Ajv2020 | undefined;
let compiledByAjv = 0;

function checkOf(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  const text = textOf(schema);
  const key = createHash("sha256").update(text).digest("base64");
  const check = checks.get(key) ?? compiled(schema);
  checks.delete(key);
  checks.set(key, check);
  const [oldest] = checks.keys();
  if (checks.size > schemasPerAjv && oldest !== undefined) checks.delete(oldest);
  return check;
}

function textOf(schema: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(schema);
  } catch (error) {
    throw noSchema(error);
  }
}

function compiled(schema: Readonly<Record<string, unknown>>): ValidateFunction {
  if (compiledByAjv >= schemasPerAjv) ajv = undefined;
  if (ajv === undefined) compiledByAjv = 0;
  ajv ??= new Ajv2020({
    strict: false,
    allErrors: true,
    validateFormats: false,
    addUsedSchema: false,
    verbose: true, // An issue names the properties that its schema allows.
  });
  compiledByAjv += 1;
  try {
    const check = ajv.compile(schema);
    ajv.removeSchema(schema);
    return check;
  } catch (error) {
    throw noSchema(error);
  }
}

function noSchema(error: unknown): MisuseError {
  const why = error instanceof Error ? error.message : String(error);
  return new MisuseError("invalid-tool", `This is no valid JSON Schema: ${why}.`, {
    cause: error,
  });
}

function issueOf(error: ErrorObject): StandardSchemaV1.Issue {
  const path = error.instancePath.split("/").slice(1).map(unescaped);
  return { message: `${error.message ?? "is wrong"}${detailOf(error)}`, path };
}

/** JSON Pointer's two escapes. */
function unescaped(word: string): string {
  return word.replaceAll("~1", "/").replaceAll("~0", "~");
}

function detailOf({ keyword, params, parentSchema }: ErrorObject): string {
  if (keyword === "additionalProperties") {
    const allowed = Object.keys(parentSchema?.properties ?? {}).join(", ") || "none";
    return `: ${String(params.additionalProperty)}; allowed are: ${allowed}`;
  }
  if (keyword === "enum") return `: ${JSON.stringify(params.allowedValues)}`;
  return "";
}

/** Asked by shape and not by class: a program may hold two copies of a schema library. */
function jsonOf(schema: InputSchema): Record<string, unknown> {
  const standard: Partial<InputSchema["~standard"]> | undefined = schema["~standard"];
  const convert = standard?.jsonSchema?.input;
  if (typeof convert !== "function" || typeof standard?.validate !== "function") {
    throw new MisuseError(
      "invalid-tool",
      "An input must be a schema that validates and can say itself as JSON Schema: zod 4.2 or later, arktype, valibot through @valibot/to-json-schema, or jsonSchema(…).",
    );
  }
  try {
    return convert({ target: "draft-2020-12" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MisuseError(
      "invalid-tool",
      `An input's schema cannot be said as JSON Schema: ${why}`,
      {
        cause: error,
      },
    );
  }
}

/** Say what a schema refuses, and where. */
export function issueLine(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return path.length === 0 ? issue.message : `${path.join(".")}: ${issue.message}`;
}
