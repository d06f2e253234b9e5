import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { jsonSchema, validateInput } from "../../../../src/actors/agent/tools/schema.ts";

function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

/** Gives by how many bytes the heap grows for each of 2,000 schemas, after the first 400. */
function growthOf(make: (index: number) => unknown): number {
  for (let index = 0; index < 400; index += 1) make(index);
  const before = heapInUse();
  for (let index = 400; index < 2_400; index += 1) make(index);
  return (heapInUse() - before) / 2_000;
}

it("a schema that is made again and again is compiled once", () => {
  const make = () =>
    jsonSchema({ type: "object", properties: { x: { type: "number" } }, required: ["x"] });
  expect(growthOf(make)).toBeLessThan(1_000);
});

it("schemas that differ leave nothing behind when nobody has them any more", () => {
  const make = (index: number) => jsonSchema({ type: "object", title: `number ${index}` });
  expect(growthOf(make)).toBeLessThan(1_000);
});

it("a schema still checks after many others took its place", async () => {
  const first = jsonSchema<{ x: number }>({
    type: "object",
    properties: { x: { type: "number" } },
    required: ["x"],
  });
  for (let index = 0; index < 300; index += 1) jsonSchema({ type: "object", title: `${index}` });
  await expect(validateInput(first, { x: 1 })).resolves.toEqual({ x: 1 });
  await expect(validateInput(first, {})).rejects.toThrow("must have required property 'x'");
});
