import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { findMarked } from "../../../src/machines/process-table.ts";

it("removes at the start of a run what a program left that called process.exit", {
  timeout: 90_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), "ramure-exit-"));
  try {
    const first = await ends("exit", home);
    const [, dead = ""] = /^ready (\w+)$/m.exec(first.stdout) ?? [];
    expect(first.exitCode).toBe(3);
    expect(await findMarked("RAMURE_RUN", dead)).not.toEqual([]);
    expect(await readdir(join(home, "runtimes"))).toContain(`${dead}.things.jsonl`);

    const second = await ends("done", home);
    expect(second).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("result well") });
    expect(second.stderr).toMatch(
      new RegExp(`removed what run ${dead} left: 1 tmux server, \\d+ processes, 2 sockets`),
    );
    expect(await findMarked("RAMURE_RUN", dead)).toEqual([]);
    expect(await readdir(join(home, "runtimes"))).toEqual([]);
    const [, run = ""] = /^ready (\w+)$/m.exec(second.stdout) ?? [];
    const journal = await readFile(join(home, "logs", run, "runtime.jsonl"), "utf8");
    const reaped = journal.split("\n").filter((line) => line.includes('"type":"reaped"'));
    expect(reaped.map((line) => JSON.parse(line).data)).toMatchObject([{ run: dead, left: [] }]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

async function ends(way: string, home: string) {
  return await execa(process.execPath, ["--import", "tsx", "test/fixtures/ends.ts", way], {
    env: { RAMURE_HOME: home, TMPDIR: home },
    reject: false,
    timeout: 60_000,
  });
}
