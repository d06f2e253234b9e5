import { describe, expect, it } from "vitest";
import { layerViolations } from "../../scripts/check/layers.ts";
import { readSourceFiles } from "../../scripts/source-files.ts";

const against: readonly (readonly [file: string, line: string])[] = [
  ["src/errors.ts", 'import { shell } from "./machines/shell.ts";'],
  ["src/machines/local/local.ts", 'import type { Clock } from "../../actors/clock.ts";'],
  ["src/actors/kernel/mailbox.ts", 'import type { Machine } from "../../machines/machine.ts";'],
  ["src/actors/kernel/mailbox.ts", 'import { bridge } from "../agent/bridge/bridge.ts";'],
  ["src/actors/agent/actor/agent-actor.ts", 'import { x } from "../../../supervisors/x.ts";'],
  ["src/actors/agent/pi/extension/link.ts", 'import type { Clock } from "../../../clock.ts";'],
  ["src/actors/agent/pi/extension/link.ts", 'import { bridge } from "../../bridge/index.ts";'],
  ["src/supervisors/program/pool.ts", 'import { main } from "../../cli/main.ts";'],
  ["src/supervisors/program/pool.ts", 'import { agent } from "../../index.ts";'],
  ["src/supervisors/program/pool.ts", 'import { Scope } from "../process/scope.ts";'],
  ["src/supervisors/program/pool.ts", 'const scope = await import("../process/scope.ts");'],
  ["src/cli/status.ts", 'import { runtime } from "../supervisors/runtime/live-run.ts";'],
  ["src/cli/status.ts", 'const clock = await import("../actors/clock.ts");'],
  ["src/cli/status.ts", 'import "../actors/clock.ts";'],
  ["src/cli/commands/ls.ts", 'import { printable } from "../print/terminal.ts";'],
  ["src/cli/commands/ls.ts", 'import { printable } from "../print/main.ts";'],
  ["src/actors/agent/wire/agent-end.ts", 'import type { Clock } from "../../clock.ts";'],
  ["src/actors/data/read.ts", 'import { waiting } from "../wait.ts";'],
  ["src/index.ts", 'export { main } from "./cli/main.ts";'],
];

const along: readonly (readonly [file: string, line: string])[] = [
  ["src/machines/local/local.ts", 'import { UnsupportedError } from "../../errors.ts";'],
  ["src/actors/kernel/mailbox.ts", 'import type { Clock } from "../clock.ts";'],
  ["src/actors/machine/actor.ts", 'import type { Machine } from "../../machines/machine.ts";'],
  ["src/actors/agent/pi/extension/link.ts", 'import { frame } from "../../wire/index.ts";'],
  ["src/actors/agent/pi/extension/link.ts", 'import { Inbox } from "./inbox.ts";'],
  ["src/actors/agent/pi/harness.ts", 'import { tmux } from "../../../machines/tmux/index.ts";'],
  ["src/supervisors/process/agent.ts", 'import { x } from "../../actors/agent/actor/index.ts";'],
  ["src/cli/logs.ts", 'import { readJournal } from "../supervisors/runtime/outside.ts";'],
  ["src/cli/commands/ls.ts", 'const { lineUp } = await import("../print/columns.ts");'],
  ["src/index.ts", 'export { agent } from "./supervisors/program/index.ts";'],
  ["src/machines/local/local.ts", '// from "../actors/clock.ts"\nimport { execa } from "execa";'],
];

describe("check-layers", () => {
  it.each(against)("check-layers forbids in %s: %s", (file, line) => {
    expect(layerViolations(new Map([[file, `\n${line}\n`]]))).toHaveLength(1);
  });

  it.each(along)("check-layers allows in %s: %s", (file, line) => {
    expect(layerViolations(new Map([[file, line]]))).toEqual([]);
  });

  it("check-layers names the file, the line, the room and what was imported", () => {
    const text = '/* one\n two */\nimport {\n  a,\n} from "../cli/main.ts";\n';
    expect(layerViolations(new Map([["src/supervisors/pool.ts", text]]))).toEqual([
      "src/supervisors/pool.ts:5: src/supervisors may not import src/cli/main.ts",
    ]);
  });

  it("check-layers finds two rooms that import each other, through any number of files", () => {
    const files = new Map([
      ["src/supervisors/process/a.ts", 'import type { B } from "../runtime/index.ts";'],
      ["src/supervisors/runtime/index.ts", 'export type { B } from "./b.ts";'],
      ["src/supervisors/runtime/c.ts", 'import type { A } from "../process/index.ts";'],
    ]);
    expect(layerViolations(files)).toEqual([
      "rooms import each other: src/supervisors/process -> src/supervisors/runtime -> src/supervisors/process",
    ]);
  });

  it("check-layers takes the files beside rooms for their ground, and the index beside rooms for their face", () => {
    const files = new Map([
      ["src/actors/index.ts", 'export { Mailbox } from "./kernel/index.ts";'],
      ["src/actors/kernel/mailbox.ts", 'import { Ring } from "../ring.ts";'],
      ["src/actors/ring.ts", ""],
    ]);
    expect(layerViolations(files)).toEqual([]);
  });

  it("check-layers finds a room that has become a hall", () => {
    const names = Array.from({ length: 23 }, (_, nth) => `src/machines/local/file-${nth}.ts`);
    expect(layerViolations(new Map(names.map((name) => [name, ""])))).toEqual([
      "src/machines/local: 23 files are a hall; cut a room out of it",
    ]);
  });

  it("check-layers knows no other storeys", () => {
    expect(layerViolations(new Map([["src/io/x.ts", ""]]))).toHaveLength(1);
  });

  it("check-layers finds the house in order", () => {
    expect(layerViolations(readSourceFiles("src"))).toEqual([]);
  });
});
