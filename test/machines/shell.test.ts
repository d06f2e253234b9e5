import { execaSync } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quote, shellLine } from "../../src/machines/shell.ts";

const shells = ["bash", "sh"];
const anything = fc
  .string({ unit: "binary", maxLength: 40 })
  .filter((word) => !word.includes("\0"));
/** Characters that shells care about, far more often than chance would have them. */
const nasty = fc.string({
  unit: fc.constantFrom(..."'\"\\`$(){}[]<>|&;!*?~#=-^%, \n\t\rab1é名"),
  maxLength: 30,
});
const words = fc.array(fc.oneof(anything, nasty), { maxLength: 8 });
/** Many lines for one shell, since starting it takes longer than the lines. */
const lists = fc.array(words, { minLength: 1, maxLength: 30 });

/** What a shell makes of lines: for each, how many words arrived and which, each ended by a NUL. */
function arrived(shell: string, lines: readonly string[]): readonly string[] {
  const show = `show() { printf '%s\\0' $# "$@"; }`;
  const script = [show, ...lines.map((line) => `show ${line}`)].join("\n");
  return fed(shell, script).split("\0").slice(0, -1);
}

/** What a shell prints that reads a script from its standard input. */
function fed(shell: string, input: string): string {
  return execaSync(shell, ["-s"], { input, stripFinalNewline: false }).stdout;
}

describe("A quoted line", () => {
  it.each(shells)("a quoted line arrives word for word in %s, whatever the words are", (shell) => {
    fc.assert(
      fc.property(lists, (many) => {
        const sent = many.flatMap((list) => [String(list.length), ...list]);
        expect(arrived(shell, many.map(shellLine))).toEqual(sent);
      }),
      { numRuns: 60 },
    );
  });

  it.each(shells)("a quoted line survives a second %s, as over ssh", (shell) => {
    fc.assert(
      fc.property(words, (list) => {
        const inner = shellLine(["printf", "%s\\0", "first", ...list]);
        const out = fed(shell, shellLine([shell, "-c", inner]));
        expect(out.split("\0").slice(0, -1)).toEqual(["first", ...list]);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    "-n",
    "--help",
    "",
    "\n",
    "a\n",
    "~",
    "~root",
    "A=b",
    "if",
    "'",
    "''",
    "\\",
    "!!",
    "$'x'",
    "\u{10ffff}",
    "\u0001\u007f",
  ])("a quoted line carries %j", (word) => {
    for (const shell of shells) expect(arrived(shell, [shellLine([word])])).toEqual(["1", word]);
  });

  it("a quoted line runs a program that is named like a word of the shell's own", () => {
    for (const name of ["if", "done", "until", "a=b"]) {
      const tried = `${quote(name)} 2>/dev/null; echo $?`;
      expect(fed("sh", tried)).toBe("127\n");
    }
  });

  it("a quoted line leaves plain words plain, for people who read logs", () => {
    expect(shellLine(["git", "log", "-n1", "a@b:/c%d+e,f"])).toBe("git log -n1 a@b:/c%d+e,f");
  });

  it.each([
    ["a NUL", "a\0b"],
    ["half a surrogate pair", "a\ud800b"],
  ])("a quoted line is refused for %s", (_, word) => {
    expect(() => shellLine(["echo", word])).toThrow(
      expect.objectContaining({ code: "unsafe-word", retryable: false }),
    );
  });
});
