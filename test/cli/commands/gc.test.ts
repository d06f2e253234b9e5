import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../../scripts/source-files.ts";
import { poll } from "../../../src/machines/local/clock.ts";
import { findMarked } from "../../../src/machines/local/processes.ts";
import { type BuiltCli, builtCli, cliEnv } from "../../fixtures/built-cli.ts";
import { programOf } from "../../setup/programs.ts";

const ends = programOf("test/fixtures/ends.ts");

describe("ramure gc, after kill -9 of a program with a real pi beside one that lives", () => {
  let cli: BuiltCli;
  let home = "";
  let dead: Program;
  let living: Program;

  beforeAll(async () => {
    cli = await builtCli();
    home = await mkdtemp(join(tmpdir(), "ramure-gc-"));
    await mkdir(join(home, "tmp"));
    [dead, living] = await Promise.all([started(home), started(home)]);
    // What a tool of the model left in a session of its own, deaf to SIGHUP.
    const command = "setsid nohup sleep 300 >/dev/null 2>&1 &";
    const words = `!call bash ${JSON.stringify({ command })}`;
    await ramure("send", "--id", dead.run, "worker", words);
    await poll(async () => (await commandsOf(dead.run)).includes("sleep"), { withinMs: 30_000 });
    dead.program.kill("SIGKILL");
    await dead.program;
  });

  afterAll(async () => {
    living.program.kill("SIGTERM");
    await living.program;
    await cli.remove();
    const left = await readdir(join(home, "runtimes"));
    await rm(home, { recursive: true, force: true });
    expect(left).toEqual([]);
  });

  const ramure = (...args: string[]) => cli.run(args, { env: cliEnv(home) });

  it("ramure gc, after kill -9 of a program with a real pi beside one that lives touches nothing when it is given a run", async () => {
    const { stderr, exitCode } = await ramure("gc", "--id", dead.run);
    expect(stderr).toContain("ramure gc takes no --id.");
    expect(exitCode).toBe(2);
  });

  it("ramure gc, after kill -9 of a program with a real pi beside one that lives says in a dry run what it would remove, and removes nothing", async () => {
    const commands = await commandsOf(dead.run);
    expect(commands).toEqual(expect.arrayContaining(["pi", "sleep", "tmux: server"]));
    const before = await readdir(join(home, "runtimes"));
    const { stdout, exitCode } = await ramure("gc", "--dry-run");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`run ${dead.run}  ${relative(root, ends)}`);
    for (const part of ["tmux server", "(pi)", "(sleep)", `${dead.run}.sock`, `${dead.run}.door`]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain(living.run);
    expect(await readdir(join(home, "runtimes"))).toEqual(before);
    expect(await commandsOf(dead.run)).toEqual(commands);
  });

  it("ramure gc, after kill -9 of a program with a real pi beside one that lives removes every process, socket, directory and record of the dead run", async () => {
    const { stdout, stderr, exitCode } = await ramure("gc", "--json");
    expect(exitCode, stderr).toBe(0);
    const { schema, runs } = JSON.parse(stdout);
    expect(schema).toBe(1);
    expect(runs).toMatchObject([{ id: dead.run, program: relative(root, ends), left: [] }]);
    expect(await commandsOf(dead.run)).toEqual([]);
    const names = await readdir(join(home, "runtimes"));
    expect(names.filter((name) => name.startsWith(dead.run))).toEqual([]);
    expect(names.filter((name) => name.startsWith("ramure-"))).toHaveLength(1);
  });

  it("ramure gc, after kill -9 of a program with a real pi beside one that lives leaves the living run as it is", async () => {
    expect(await commandsOf(living.run)).toEqual(expect.arrayContaining(["pi", "tmux: server"]));
    const { stdout } = await ramure("status", "--json");
    const { run, nodes } = JSON.parse(stdout);
    expect(run.id).toBe(living.run);
    expect(nodes).toContainEqual(expect.objectContaining({ path: "/ends/worker", state: "idle" }));
  });

  it("ramure gc, after kill -9 of a program with a real pi beside one that lives says the second time that there is nothing to remove", async () => {
    const { stdout, stderr, exitCode } = await ramure("gc");
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "",
      stderr: "Nothing to remove.",
      exitCode: 0,
    });
  });

  it("ramure gc, after kill -9 of a program with a real pi beside one that lives leaves the dead run's journal, which says how far it came", async () => {
    expect((await ramure("ls", "--all")).stdout).toContain(dead.run);
    const { stdout } = await ramure("status", dead.run, "--json");
    expect(JSON.parse(stdout).nodes).toContainEqual(
      expect.objectContaining({ path: "/ends", state: "running" }),
    );
  });
});

describe("ramure gc, killed in the middle of it", () => {
  it("a ramure gc that was killed is completed by the next one", async () => {
    const cli = await builtCli();
    const home = await mkdtemp(join(tmpdir(), "ramure-gc-"));
    const runtimes = join(home, "runtimes");
    await mkdir(join(runtimes, "ramure-left"), { recursive: true, mode: 0o700 });
    const directory = { v: 1, kind: "directory", file: join(runtimes, "ramure-left") };
    const line = { ...directory, run: "dead1", path: "/main", epoch: 1, at: 1 };
    await writeFile(join(runtimes, "dead1.things.jsonl"), `${JSON.stringify(line)}\n`);
    const deaf = await deafProcess("dead1");
    const first = execa(process.execPath, [cli.main, "gc"], { env: cliEnv(home), reject: false });
    for await (const said of createInterface({ input: first.stderr })) {
      if (said.startsWith("Removing what run dead1 left")) first.kill("SIGKILL");
    }
    expect((await first).signal).toBe("SIGKILL");
    expect(await readdir(runtimes)).toEqual(["dead1.things.jsonl", "ramure-left"]);
    const second = await cli.run(["gc"], { env: cliEnv(home) });
    expect(second.exitCode, second.stderr).toBe(0);
    expect(await readdir(runtimes)).toEqual([]);
    expect(await commandsOf("dead1")).toEqual([]);
    expect((await deaf.ended).signal).toBe("SIGKILL");
    await rm(home, { recursive: true });
    await cli.remove();
  });
});

/** A process with the mark of a run that only SIGKILL ends. */
async function deafProcess(run: string) {
  const script =
    'process.on("SIGTERM", () => {}); setInterval(() => {}, 1_000); console.log("deaf")';
  const deaf = execa(process.execPath, ["-e", script], {
    env: { RAMURE_RUN: run },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
  for await (const _ of createInterface({ input: deaf.stdout })) break;
  return { ended: deaf };
}

interface Program {
  readonly run: string;
  readonly program: ReturnType<typeof program>;
}

function program(home: string) {
  return execa(process.execPath, [ends, "wait"], {
    env: { RAMURE_HOME: home, TMPDIR: join(home, "tmp") },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

/** Resolves when its pi is ready. */
async function started(home: string): Promise<Program> {
  const running = program(home);
  for await (const line of createInterface({ input: running.stdout })) {
    const [word, run] = line.split(" ");
    if (word === "ready" && run !== undefined) return { run, program: running };
  }
  throw new Error(`The program ended before it was ready: ${(await running).stderr}`);
}

/** The names of the live processes that carry the run's mark. */
async function commandsOf(run: string): Promise<readonly string[]> {
  const found = (await findMarked("RAMURE_RUN", run)) ?? [];
  const names = found.map(({ pid }) => readFile(`/proc/${pid}/comm`, "utf8").catch(() => ""));
  return (await Promise.all(names)).map((name) => name.trim()).sort();
}
