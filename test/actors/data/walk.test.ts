import { describe, expect, it } from "vitest";
import { createRedaction, find, isolated, notData } from "../../../src/actors/data/index.ts";

/** A value with two ways back into itself: to follow both to 64 levels would take forever. */
function knot(): Record<string, unknown> {
  const value: Record<string, unknown> = { name: "knot" };
  return Object.assign(value, { left: value, right: [value] });
}

const circle = { unserialisable: "nested too deeply, or in a circle" };

describe("the walks over data", () => {
  it("copy a value with two ways back into itself at once, with a mark for each", () => {
    expect(isolated(knot())).toEqual({ name: "knot", left: circle, right: [circle] });
  });

  it("take secrets out of a value with two ways back into itself at once", () => {
    const hidden = createRedaction(["knotty secret"]).value({ knot: knot(), a: "knotty secret" });
    const deep = "[nested too deeply]";
    const rest = { name: "knot", left: deep, right: [deep] };
    expect(hidden).toEqual({ knot: rest, a: "[redacted]" });
  });

  it("copy what stands in two places of a value in both, for that is no circle", () => {
    const shared = { a: 1 };
    expect(isolated([shared, { shared }])).toEqual([{ a: 1 }, { shared: { a: 1 } }]);
  });

  it("freeze the copy of plain data, keep dates and bytes, and mark what is live", () => {
    const at = new Date(5);
    const bytes = Uint8Array.of(1, 2);
    const copy = isolated({ at, bytes, list: [() => 1, Symbol("s"), Promise.resolve()] });
    expect(copy).toEqual({
      at,
      bytes,
      list: ["function", "Symbol(s)", "promise"].map((unserialisable) => ({ unserialisable })),
    });
    expect(Object.isFrozen(copy)).toBe(true);
  });

  it.each<[string, unknown, string | undefined]>([
    ["plain data", { a: [1, { b: null }], c: undefined }, undefined],
    ["a map of sets", new Map([["a", new Set([1])]]), undefined],
    ["a function", { steps: [{ run: () => 1 }] }, "the value.steps.0.run (a function)"],
    ["a promise in a map", new Map([["a", Promise.resolve()]]), "the value.a (a Promise)"],
    ["a circle", knot(), `the value${".left".repeat(65)} (nested too deeply, or in a circle)`],
  ])("name where the first thing that is no data stands: %s", (_, value, found) => {
    expect(notData(value)).toBe(found);
  });

  it("find a name of a member that is refused, however deep it stands", () => {
    const value = { a: [JSON.parse('{"__proto__":1}')] };
    const key = (name: string) => (name === "__proto__" ? "refused" : undefined);
    expect(find(value, { depth: [8, "deep"], key })).toEqual({ what: "refused", at: ".a.0" });
  });
});
