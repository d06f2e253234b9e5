import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { printable } from "../../../src/actors/data/index.ts";
import { cutTo, lineUp, measureFor } from "../../../src/cli/print/columns.ts";
import { age, duration, parseDuration } from "../../../src/cli/print/durations.ts";
import { treeLines } from "../../../src/cli/print/status-tree.ts";
import { lookOf, styled } from "../../../src/cli/print/terminal.ts";
import { node } from "../../fixtures/fake-run.ts";

describe("a duration", () => {
  it.each<[number, string, string]>([
    [-5, "0s", "0s"],
    [0, "0s", "0s"],
    [41_900, "41s", "41s"],
    [842_000, "14m02s", "14m"],
    [3_600_000 * 3 + 60_000 * 7, "3h07m", "3h"],
    [86_400_000 * 2 + 3_600_000 * 4, "2d04h", "2d"],
  ])("a duration of %i ms is %s, as an age %s", (ms, long, short) => {
    expect([duration(ms), age(ms)]).toEqual([long, short]);
  });

  it.each<[string, number | undefined]>([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["7", 7_000],
    ["0", 0],
    ["-1s", undefined],
    ["soon", undefined],
    ["", undefined],
  ])("a duration is read from %j as %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe("columns", () => {
  const cut = { columns: 12, ellipsis: "…", measure: stringWidth };

  it("columns stand under each other and end at the width", () => {
    const rows = [
      ["a", "bcd", "efghijkl"],
      ["日本", "x", ""],
    ].map((row) => row.map((text) => ({ text })));
    expect(lineUp(rows, cut)).toEqual(["a     bcd  …", "日本  x"]);
    expect(lineUp(rows, { ...cut, columns: Number.POSITIVE_INFINITY })[0]).toBe(
      "a     bcd  efghijkl",
    );
  });

  it.each<[string, number, string]>([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["日本語", 4, "日…"],
    ["👩‍👩‍👧x", 2, "…"],
    ["abc", 1, "…"],
    ["abc", 0, ""],
  ])("%j cut to %i is %j", (text, columns, kept) => {
    expect(cutTo(text, columns, cut)).toBe(kept);
  });
});

describe("a measure", () => {
  it.each<[unknown, string, number]>([
    [{ a: "plain" }, "├─ ab…", 6],
    [{ a: "日本" }, "├─ 日本", 7],
    [{ a: "👩‍👩‍👧" }, "👩‍👩‍👧x", 3],
  ])("a measure for %j knows how wide %j is", async (data, text, width) => {
    expect((await measureFor(data))(text)).toBe(width);
  });
});

describe("the tree", () => {
  it("the tree keeps start order, and counts finished children beyond the newest", () => {
    const nodes = [
      node("/m", "process", "running"),
      node("/m/a", "process", "done", { since: 1 }),
      node("/m/b", "process", "running"),
      node("/m/c", "process", "failed", { since: 3 }),
      node("/m/a/x", "agent", "stopped"),
      node("/m/d", "process", "done", { since: 2 }),
    ];
    const text = treeLines(nodes, { unicode: false, finished: 1 }).map((line) =>
      line.type === "node" ? line.branch + line.name : line.branch + line.text,
    );
    expect(text).toEqual(["m", "|- b", "|- c", "`- ... 2 done"]);
  });

  it("the tree calls the root of a part by its path", () => {
    const nodes = [node("/m/pool", "process", "running"), node("/m/pool/t", "process", "running")];
    const lines = treeLines(nodes, { unicode: true });
    expect(lines.map((line) => line.type === "node" && line.name)).toEqual(["/m/pool", "t"]);
  });
});

describe("the look of text", () => {
  const tty = { isTTY: true, columns: 80 };

  it.each<[Record<string, string>, object, boolean]>([
    [{}, tty, true],
    [{}, {}, false],
    [{ NO_COLOR: "1" }, tty, false],
    [{ TERM: "dumb" }, tty, false],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, {}, true],
    [{ FORCE_COLOR: "0" }, tty, false],
  ])("the look of text with %j on %j has colour: %s", (env, stream, colour) => {
    expect(lookOf(env, stream).colour).toBe(colour);
  });

  it("the look of text has no colour with --no-color", () => {
    expect(lookOf({}, tty, { color: false }).colour).toBe(false);
  });

  it.each<[Record<string, string>, boolean]>([
    [{ LANG: "en_US.UTF-8" }, true],
    [{ LC_ALL: "C", LANG: "en_US.UTF-8" }, false],
    [{ LC_CTYPE: "C.utf8" }, true],
    [{}, false],
  ])("the look of text in the locale %j knows more than ASCII: %s", (env, unicode) => {
    expect(lookOf(env, {}).unicode).toBe(unicode);
  });

  it("the look of text shows nothing that steers a terminal or turns text around", () => {
    expect(printable("a\u001b[31mb\u0007\u202ec\nd\u009be")).toBe("a?[31mb??c d?e");
    const look = { colour: true, unicode: true, columns: 80 };
    expect(styled(look, "red", "x")).toBe("\u001b[31mx\u001b[39m");
    expect(styled({ ...look, colour: false }, "red", "x")).toBe("x");
  });
});
