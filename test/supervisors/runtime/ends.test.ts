import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { programOf } from "../../setup/programs.ts";

const fixture = "test/fixtures/ends.ts";

describe("a run with a real pi leaves nothing behind, and its exit code tells", () => {
  let home = "";

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "ramure-ends-home-"));
  });

  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  it.each([
    { way: "done", exitCode: 0, says: "" },
    { way: "fail", exitCode: 1, says: "/ends failed: badly" },
    { way: "throw", exitCode: 1, says: "TypeError: thrown" },
    { way: "timeout", exitCode: 1, says: "/ends/slow did not end within 100 ms" },
    { way: "uncaught", exitCode: 1, says: "nobody catches this" },
  ])(
    "a run with a real pi leaves nothing behind, and its exit code tells after $way",
    async ({ way, exitCode, says }) => {
      const program = start(way, home);
      const run = await ready(program);
      const ended = await program;
      expect(ended.exitCode).toBe(exitCode);
      expect(ended.stderr).toContain(says);
      // A person is told once, without the library's frames, and what to type next.
      expect(ended.stderr).not.toMatch(/ramure\/src|src\/supervisors|Node\.js v/);
      if (["fail", "throw", "timeout"].includes(way)) {
        expect(ended.stderr.split("\n").at(-1)).toBe(
          `ramure logs --id ${run} shows what happened.`,
        );
        expect(ended.stderr.split(says)).toHaveLength(2);
      }
      expect(await readFile(join(home, "logs", run, "runtime.jsonl"), "utf8")).toContain(says);
      await expectNothingLeft(home, run);
    },
  );

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "a run with a real pi leaves nothing behind, and its exit code tells after %s",
    async (signal) => {
      const program = start("wait", home);
      const run = await ready(program);
      program.kill(signal);
      const ended = await program;
      expect(ended.signal).toBe(signal);
      expect(ended.stderr).toContain(`${signal}: stopping /ends`);
      await expectNothingLeft(home, run);
    },
  );

  it("after SIGINT twice, and says what it kills", async () => {
    const program = start("wait", home);
    const run = await ready(program);
    program.kill("SIGINT");
    const told = createInterface({ input: program.stderr });
    for await (const line of told) if (line.includes("again to kill")) break;
    program.kill("SIGINT");
    const ended = await program;
    expect(ended.signal).toBe("SIGINT");
    expect(ended.stderr).toContain(
      "ramure: SIGINT again: killing /ends and what is left of it: local, worker.",
    );
    await expectNothingLeft(home, run);
  });
});

function start(way: string, home: string) {
  return execa(process.execPath, [programOf(fixture), way], {
    env: { RAMURE_HOME: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

/** Resolves with the run's id when the program says that its agent is ready. */
async function ready(program: ReturnType<typeof start>): Promise<string> {
  for await (const line of createInterface({ input: program.stdout })) {
    const [word, id] = line.split(" ");
    if (word === "ready" && id !== undefined) return id;
  }
  throw new Error(`The program ended before it was ready: ${(await program).stderr}`);
}

async function expectNothingLeft(home: string, run: string): Promise<void> {
  expect(await readdir(join(home, "runtimes"))).toEqual([]);
  expect(await processesOf(run)).toEqual([]);
}

/** Living processes whose environment carries the mark of the run. */
async function processesOf(run: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const read = async (name: string) =>
      await readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
    if (!(await read("environ")).includes(`RAMURE_RUN=${run}`)) continue;
    if (!/^State:\s+Z/m.test(await read("status"))) found.push(await read("cmdline"));
  }
  return found;
}
