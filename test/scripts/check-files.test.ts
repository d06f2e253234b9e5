import { describe, expect, it } from "vitest";
import { fileViolations } from "../../scripts/check/files.ts";

const wrongNames = [
  "src/eventLog.ts",
  "src/actors/Mailbox.ts",
  "src/string-utils.ts",
  "test/base.ts",
];
const rightNames = ["src/event-log.ts", "test/actors/mailbox.test.ts", "test/api.test-d.ts"];

const wrongLines = [
  "setTimeout(done, 5);",
  "const timer = setInterval(tick, 1_000);",
  "const start = Date.now();",
  "const start = performance.now();",
  "const at = new Date();",
  'import { setTimeout as sleep } from "node:timers/promises";',
  "const next = queue.shift();",
  'export * from "./mailbox.ts";',
  "/** What an agent's handle acts on. */",
  "/**\n * Whom to restart, and how.\n */",
];
const rightLines = [
  "// setTimeout(done, 5) is for the clock",
  "/*\n * Date.now() too\n */",
  "clock.setTimer(5, done);",
  "const at = new Date(clock.wallNow());",
  'export { createSystem } from "./system.ts";',
  'import { setImmediate as nextTurn } from "node:timers/promises";',
  "socket.setTimeout(1_000, end);",
  "  setTimeout(callback: () => void): Timer {",
  "cell.mailbox.shift();",
  "if (this.#kept.length > 100) this.#kept.shift();",
  'export * from "./errors.ts";',
  'import { Ring } from "./ring.ts"; new Ring().shift();',
  "/** The parts that a handle forwards to. */",
  "// What waits is written first.",
];

describe("check-files", () => {
  it.each(wrongNames)("check-files forbids a file named %s", (file) => {
    expect(fileViolations(new Map([[file, ""]]))).toHaveLength(1);
  });

  it.each(rightNames)("check-files allows a file named %s", (file) => {
    expect(fileViolations(new Map([[file, ""]]))).toEqual([]);
  });

  it.each(wrongLines)("check-files forbids %s", (line) => {
    expect(fileViolations(new Map([["src/actors/kernel/mailbox.ts", line]]))).toHaveLength(1);
  });

  it.each(rightLines)("check-files allows %s", (line) => {
    expect(fileViolations(new Map([["src/actors/kernel/mailbox.ts", line]]))).toEqual([]);
  });

  it("check-files lets the clocks read the time, and the extension, which lives in another process", () => {
    const files = ["src/actors/clock.ts", "src/actors/agent/pi/extension/pi.ts"];
    for (const file of files) {
      expect(fileViolations(new Map([[file, "setTimeout(done, 5);"]]))).toEqual([]);
    }
  });

  it("check-files says where", () => {
    expect(fileViolations(new Map([["src/a.ts", "\nDate.now();\n"]]))).toEqual([
      "src/a.ts:2: time comes from the clock",
    ]);
  });

  it("finds a type whose name another file has, and lets a class and its interface share theirs", () => {
    const files = new Map([
      ["src/actors/log.ts", "export interface Row {}\nexport class Row {}"],
      ["src/cli/table.ts", "type Row = string;"],
      ["test/cli/table.test.ts", "type Row = string;"],
    ]);
    expect(fileViolations(files)).toEqual([
      "src/cli/table.ts: Row is a type of src/actors/log.ts too; one word a thing",
    ]);
  });
});
