import { describe, expect, it } from "vitest";
import { inWords } from "../../../src/actors/data/index.ts";

class Handle {
  get path(): string {
    return fails();
  }
}

function fails(): never {
  throw new Error("nobody may look");
}

describe("a value in words", () => {
  it.each<[unknown, string]>([
    [undefined, ""],
    ["npm test", "npm test"],
    [7, "7"],
    [null, "null"],
    [{ by: "issue-2", left: 190 }, "by=issue-2, left=190"],
    [{ question: "Which branch?" }, "Which branch?"],
    [{ count: 3 }, "count=3"],
    [{ left: undefined, id: "t1" }, "t1"],
    [["a", ["b", 1], { c: "d" }], "a, [b, 1], {c=d}"],
    [{ at: new Date(0), why: new Error("no") }, "at=1970-01-01T00:00:00.000Z, why=Error: no"],
    [[new Handle(), () => 1], "[Handle], [function]"],
    [{ a: { b: { c: { d: { e: 1 } } } } }, "a={b={c={d=…}}}"],
    [Array.from({ length: 30 }, () => 1), `${"1, ".repeat(20)}…`],
  ])("is said of %j as %j", (value, words) => {
    expect(inWords(value)).toBe(words);
  });

  it("may be one that throws when it is read", () => {
    expect(inWords(Object.defineProperty({}, "x", { enumerable: true, get: fails }))).toBe(
      "[cannot be read]",
    );
  });

  it("ends where it is in a circle", () => {
    const self: Record<string, unknown> = { name: "x" };
    self.self = self;
    expect(inWords(self)).toContain("…");
  });

  it("is cut between two words and leaves no part of one", () => {
    const secret = "s".repeat(50);
    expect(inWords({ text: `the key is ${secret}`, n: 1 }, 30)).toBe("text=the key is …, n=1");
    expect(inWords(`${secret}`, 30)).toBe("…");
    expect(inWords("one two three", 8)).toBe("one two …");
  });
});
