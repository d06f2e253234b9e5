import { describe, expect, it } from "vitest";
import type { NotedCall } from "../../../../src/actors/agent/actor/agent-resume.ts";
import {
  freshNote,
  lateResultNote,
  resumedNote,
} from "../../../../src/actors/agent/actor/agent-resume.ts";
import type { ToolResult } from "../../../../src/actors/agent/tools/call.ts";

function call(tool: string, answer: ToolResult | undefined): NotedCall {
  return { tool, args: { n: 1 }, answer };
}

describe("the note of a restart", () => {
  it("the note of a restart says only that it is to go on, when no call was open", () => {
    expect(resumedNote([])).toBe(
      "You were restarted while you were at work. This conversation is complete up to here.\nGo on where you were.",
    );
  });

  it("the note of a restart says what became of each open call", () => {
    const calls = [
      call("a", { text: "42" }),
      call("b", { error: "no luck" }),
      call("c", { text: "" }),
      call("d", undefined),
    ];
    expect(resumedNote(calls).split("\n").slice(2, -1)).toEqual([
      '- a({"n":1}) gave: 42',
      '- b({"n":1}) failed: no luck',
      '- c({"n":1}) gave: (nothing)',
      '- d({"n":1}) is still running; its result will be sent to you. Do not call it again for this.',
    ]);
  });

  it("the note of a restart cuts what a call gave when it is long", () => {
    expect(resumedNote([call("a", { text: "x".repeat(10_000) })]).length).toBeLessThan(4_500);
  });

  it("the note of a restart brings a result that came later", () => {
    expect(lateResultNote(call("a", { text: "42" }))).toBe(
      "The call of a that was open when you were restarted has come to its end:\ngave: 42",
    );
  });

  it("the note of a restart names the newest messages that an earlier conversation dealt with, as far as there is room", () => {
    expect(freshNote(["first", "second"])).toMatch(/\n1\. first\n2\. second\nWhat comes next/);
    const long = Array.from({ length: 50 }, (_, n) => `${n} ${"x".repeat(3_000)}`);
    const note = freshNote(long);
    expect(note.length).toBeLessThan(22_000);
    expect(note).toContain("\n6. 49 x");
  });
});
