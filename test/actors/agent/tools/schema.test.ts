import { describe, expect, it } from "vitest";
import { z } from "zod";
import { InvalidInputError } from "../../../../src/actors/agent/errors.ts";
import {
  jsonSchema,
  parametersOf,
  validateInput,
} from "../../../../src/actors/agent/tools/schema.ts";

const point = { type: "object", properties: { x: { type: "number" } }, required: ["x"] };

async function issuesOf(attempt: Promise<unknown>): Promise<readonly string[]> {
  const error = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof InvalidInputError)) throw new Error(`not refused: ${String(error)}`);
  return error.issues;
}

describe("an input's schema", () => {
  it("an input's schema tells a model what zod knows, without the $schema key", () => {
    const parameters = parametersOf(z.object({ summary: z.string().describe("one line") }));
    expect(parameters).toMatchObject({
      type: "object",
      properties: { summary: { type: "string", description: "one line" } },
      required: ["summary"],
    });
    expect(parameters).not.toHaveProperty("$schema");
  });

  it("an input's schema tells a model of no arguments when there is no schema", () => {
    expect(parametersOf(undefined)).toEqual({
      type: "object",
      properties: {},
      additionalProperties: false,
    });
  });

  it("an input's schema tells a raw JSON Schema as it is, without the $schema key", () => {
    const raw = jsonSchema({ ...point, $schema: "http://json-schema.org/draft-07/schema#" });
    expect(parametersOf(raw)).toEqual(point);
  });

  it("an input's schema refuses what is no object at its top", () => {
    expect(() => parametersOf(z.string())).toThrow(
      expect.objectContaining({ code: "invalid-tool" }),
    );
    expect(() => parametersOf(z.union([z.object({}), z.string()]))).toThrow("wrap it");
  });

  it("an input's schema refuses what cannot say itself as JSON Schema, and names what can", () => {
    expect(() => parametersOf(z.object({ at: z.date() }))).toThrow(
      expect.objectContaining({ code: "invalid-tool" }),
    );
    const old = { "~standard": { version: 1, vendor: "old", validate: () => ({ value: 1 }) } };
    // @ts-expect-error: a schema of a library that is too old
    expect(() => parametersOf(old)).toThrow("zod 4.2");
    // @ts-expect-error: no schema at all
    expect(() => parametersOf({})).toThrow("jsonSchema(");
  });

  it("an input's schema refuses a raw JSON Schema that is none", () => {
    expect(() => jsonSchema({ type: "objekt" })).toThrow(
      expect.objectContaining({ code: "invalid-tool" }),
    );
  });

  it("an input's schema lets two inputs share an $id", async () => {
    for (const schema of [jsonSchema({ ...point, $id: "p" }), jsonSchema({ ...point, $id: "p" })]) {
      expect(await validateInput(schema, { x: 1 })).toEqual({ x: 1 });
    }
  });
});

describe("validateInput", () => {
  it("validateInput gives the value as the schema makes it", async () => {
    const schema = z.object({ count: z.number().default(3) });
    const value: { count: number } = await validateInput(schema, {});
    expect(value).toEqual({ count: 3 });
  });

  it("validateInput takes nothing for an empty object", async () => {
    expect(await validateInput(z.object({}), undefined)).toEqual({});
    expect(await validateInput(undefined, undefined)).toEqual({});
  });

  it("validateInput names each wrong path on a line of its own", async () => {
    const schema = z.object({ a: z.object({ b: z.string() }), n: z.number() });
    expect(await issuesOf(validateInput(schema, { a: { b: 1 }, n: "x" }))).toEqual([
      expect.stringMatching(/^a\.b: /),
      expect.stringMatching(/^n: /),
    ]);
  });

  it("validateInput names each wrong path of a raw JSON Schema", async () => {
    const schema = jsonSchema<{ x: number }>({ ...point, additionalProperties: false });
    expect(await issuesOf(validateInput(schema, { x: "1", y: 2 }))).toEqual([
      "must NOT have additional properties: y; allowed are: x",
      "x: must be number",
    ]);
    expect(await issuesOf(validateInput(schema, {}))).toEqual(["must have required property 'x'"]);
  });

  it("validateInput refuses arguments where none are taken", async () => {
    expect(await issuesOf(validateInput(undefined, { a: 1 }))).toEqual([
      "must NOT have additional properties: a; allowed are: none",
    ]);
  });
});
