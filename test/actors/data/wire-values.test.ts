import { describe, expect, it } from "vitest";
import {
  decodeValue,
  encodeValue,
  isPlainJson,
  WireValueError,
} from "../../../src/actors/data/wire-values.ts";

function across(value: unknown): unknown {
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value))));
}

describe("values on the wire", () => {
  it.each<[string, unknown]>([
    ["text", "a"],
    ["a number", 1.5],
    ["null", null],
    ["a nested object", { a: [1, { b: false }], c: null }],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
    ["an undefined member, which is as good as none,", { a: undefined, b: [{ c: undefined }] }],
  ])("the wire carries %s as plain JSON, without meta", (_, value) => {
    expect(encodeValue(value)).toEqual({ json: value });
    expect(across(value)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["a date", new Date(0)],
    ["a map of dates", new Map([["a", new Date(5)]])],
    ["a set", new Set([1, 2])],
    ["bytes", new Uint8Array([1, 2, 255])],
    ["NaN", Number.NaN],
    ["minus zero", -0],
    ["a bigint", 12345678901234567890n],
    ["an undefined item of a list", [1, undefined]],
  ])("the wire carries %s unharmed", (_, value) => {
    expect(across(value)).toEqual(value);
  });

  it("the wire carries an error with its message, cause, code and stack", () => {
    const error = Object.assign(new TypeError("no", { cause: new Error("deeper") }), { code: "x" });
    const back = across({ error });
    expect(back).toMatchObject({ error: { name: "TypeError", message: "no", code: "x" } });
    expect(back).toHaveProperty("error.cause.message", "deeper");
    expect(back).toHaveProperty("error.stack", error.stack);
  });

  it("the wire carries a cycle", () => {
    const self: Record<string, unknown> = { name: "a" };
    self.self = self;
    const back = across(self);
    expect(back).toHaveProperty("self.self.name", "a");
  });

  it("the wire refuses what cannot be written, and names why", () => {
    const hostile = {
      get secret(): string {
        throw new Error("not for you");
      },
    };
    expect(() => encodeValue(hostile)).toThrow(WireValueError);
    expect(() => encodeValue(hostile)).toThrow("not for you");
  });

  it("the wire refuses meta that would reach prototypes, and pollutes nothing", () => {
    const wire = {
      json: { a: 1 },
      meta: { values: { "__proto__.polluted": ["Date"] }, v: 1 },
    };
    expect(() => decodeValue(wire)).toThrow(WireValueError);
    expect({}).not.toHaveProperty("polluted");
  });

  it("the wire sees that a list with holes, a class and a function are not plain", () => {
    expect(isPlainJson(new Array(2))).toBe(false);
    expect(isPlainJson(new (class A {})())).toBe(false);
    expect(isPlainJson({ f: () => 1 })).toBe(false);
  });
});
