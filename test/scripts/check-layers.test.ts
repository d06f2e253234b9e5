import { describe, expect, it } from "vitest";
import { layerViolations } from "../../scripts/check/layers.ts";
import { readSourceFiles } from "../../scripts/source-files.ts";

const against: readonly (readonly [file: string, line: string])[] = [
  ["src/errors.ts", 'import { shell } from "./machines/shell.ts";'],
  ["src/machines/local/local.ts", 'import type { Clock } from "../actors/clock.ts";'],
  ["src/actors/kernel/mailbox.ts", 'import type { Machine } from "../machines/machine.ts";'],
  ["src/actors/kernel/mailbox.ts", 'import { bridge } from "./agent/bridge.ts";'],
  [
    "src/actors/agent/actor/agent-actor.ts",
    'import { restart } from "../../supervisors/restart.ts";',
  ],
  ["src/actors/agent/pi/extension/extension.ts", 'import type { Clock } from "../clock.ts";'],
  ["src/actors/agent/pi/extension/extension.ts", 'import { wire } from "./wire.ts";'],
  ["src/actors/agent/pi/extension/link.ts", 'import { bridge } from "./bridge.ts";'],
  ["src/actors/agent/wire/protocol.ts", 'export type { Clock } from "../clock.ts";'],
  ["src/supervisors/supervisor.ts", 'import { main } from "../cli/main.ts";'],
  ["src/supervisors/supervisor.ts", 'import { agent } from "../index.ts";'],
  ["src/cli/status.ts", 'import { runtime } from "../supervisors/runtime/runtime.ts";'],
  ["src/cli/status.ts", 'const clock = await import("../actors/system-clock.ts");'],
  ["src/cli/status.ts", 'import "../actors/system-clock.ts";'],
  ["src/index.ts", 'export { main } from "./cli/main.ts";'],
];

const along: readonly (readonly [file: string, line: string])[] = [
  ["src/machines/local/local.ts", 'import { UnsupportedError } from "../errors.ts";'],
  ["src/actors/kernel/mailbox.ts", 'import type { Clock } from "./clock.ts";'],
  ["src/actors/machine/machine-actor.ts", 'import type { Machine } from "../machines/machine.ts";'],
  [
    "src/actors/agent/pi/extension/extension.ts",
    'import { protocolVersion } from "./protocol.ts";',
  ],
  ["src/actors/agent/pi/extension/extension.ts", 'import { Link } from "./extension-link.ts";'],
  ["src/actors/agent/pi.ts", 'import { tmux } from "../../machines/tmux.ts";'],
  ["src/supervisors/process/agent.ts", 'import { x } from "../../actors/agent/agent-actor.ts";'],
  ["src/cli/logs.ts", 'import { readJournal } from "../supervisors/runtime/journal-reader.ts";'],
  ["src/index.ts", 'export { agent } from "./supervisors/process/ambient.ts";'],
  ["src/machines/local/local.ts", '// from "../actors/clock.ts"\nimport { execa } from "execa";'],
];

describe("check-layers", () => {
  it.each(against)("forbids in %s: %s", (file, line) => {
    expect(layerViolations(new Map([[file, `\n${line}\n`]]))).toHaveLength(1);
  });

  it.each(along)("allows in %s: %s", (file, line) => {
    expect(layerViolations(new Map([[file, line]]))).toEqual([]);
  });

  it("names the file, the line, the room and what was imported", () => {
    const text = '/* one\n two */\nimport {\n  a,\n} from "../cli/main.ts";\n';
    expect(layerViolations(new Map([["src/supervisors/pool.ts", text]]))).toEqual([
      "src/supervisors/pool.ts:5: src/supervisors/** may not import src/cli/main.ts",
    ]);
  });

  it("knows no other rooms", () => {
    expect(layerViolations(new Map([["src/plugins/x.ts", ""]]))).toHaveLength(1);
    expect(layerViolations(new Map([["src/actors/io/x.ts", ""]]))).toHaveLength(1);
  });

  it("finds the house in order", () => {
    expect(layerViolations(readSourceFiles("src"))).toEqual([]);
  });
});
