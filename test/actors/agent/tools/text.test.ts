import { describe, expect, it } from "vitest";
import { errorText, toolText } from "../../../../src/actors/agent/tools/text.ts";

const circular: { self?: unknown; n: number } = { n: 1 };
circular.self = circular;
const shared = { a: 1 };

describe("toolText", () => {
  it.each<readonly [what: string, value: unknown, text: string]>([
    ["a string as it is", 'say "hi"\n', 'say "hi"\n'],
    ["nothing as nothing", undefined, ""],
    ["null", null, "null"],
    ["a number", 3, "3"],
    ["a number that JSON does not know", Number.NaN, "NaN"],
    ["a big number", 10n ** 20n, "100000000000000000000"],
    ["a boolean", false, "false"],
    ["an object, indented", { a: [1] }, '{\n  "a": [\n    1\n  ]\n}'],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a map by its names", new Map([["a", 1]]), '{\n  "a": 1\n}'],
    ["a map of other keys as pairs", new Map([[true, 1]]), "[\n  [\n    true,\n    1\n  ]\n]"],
    ["a set as a list", new Set([1n]), '[\n  "1"\n]'],
    ["bytes that are text", new TextEncoder().encode("grüße"), "grüße"],
    ["bytes that are none", new Uint8Array([255, 0]), "base64:/wA="],
    ["bytes within", { b: Buffer.from("x") }, '{\n  "b": "x"\n}'],
    ["an error", { e: new TypeError("no") }, '{\n  "e": "TypeError: no"\n}'],
    ["a circle", circular, '{\n  "n": 1,\n  "self": "[circular]"\n}'],
    ["the same thing twice", [shared, shared], '[\n  {\n    "a": 1\n  },\n  {\n    "a": 1\n  }\n]'],
  ])("toolText says %s", (_, value, text) => {
    expect(toolText(value)).toBe(text);
  });

  it("toolText cuts what is too long and says so", () => {
    const text = toolText("x".repeat(60_000));
    expect(text.length).toBeLessThan(50_100);
    expect(text).toContain("the first 50000 of 60000 characters");
  });
});

describe("errorText", () => {
  it.each<readonly [what: string, thrown: unknown, text: string]>([
    ["an error's message", new Error("no luck"), "no luck"],
    ["the name of an error that has no message", new RangeError(), "RangeError"],
    ["what is no error", { why: 1 }, '{\n  "why": 1\n}'],
    ["nothing", undefined, "It failed without a reason."],
  ])("errorText says %s", (_, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });
});
