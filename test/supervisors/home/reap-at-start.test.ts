import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { expect, it } from "vitest";
import { findMarked } from "../../../src/machines/local/processes.ts";
import { programOf } from "../../setup/programs.ts";

it.each([
  ["called process.exit", exits],
  ["was killed", killed],
])("the reaper removes at the start of a run what a program left that %s", async (_, end) => {
  const home = await mkdtemp(join(tmpdir(), "ramure-exit-"));
  try {
    const dead = await end(home);
    expect(await findMarked("RAMURE_RUN", dead)).not.toEqual([]);
    expect(await readdir(join(home, "runtimes"))).toContain(`${dead}.things.jsonl`);

    const second = await ends("done", home);
    expect(second.exitCode, second.stderr).toBe(0);
    expect(second.stdout).toContain("result well");
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

async function exits(home: string): Promise<string> {
  const { stdout, stderr, exitCode } = await ends("exit", home);
  expect(exitCode).toBe(3);
  expect(stderr).toContain("its agents live on until ramure gc");
  const [, run = ""] = /^ready (\w+)$/m.exec(stdout) ?? [];
  return run;
}

async function killed(home: string): Promise<string> {
  const program = ends("wait", home);
  for await (const line of createInterface({ input: program.stdout })) {
    const [, run] = /^ready (\w+)$/.exec(line) ?? [];
    if (run === undefined) continue;
    program.kill("SIGKILL");
    expect((await program).signal).toBe("SIGKILL");
    return run;
  }
  throw new Error(`The program ended before it was ready: ${(await program).stderr}`);
}

function ends(way: string, home: string) {
  return execa(process.execPath, [programOf("test/fixtures/ends.ts"), way], {
    env: { RAMURE_HOME: home, TMPDIR: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}
