import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programOf } from "../../setup/programs.ts";

const fixture = "test/fixtures/secretive.ts";

/*
 * Where a secret may be: in the 0600 files that hand it to the agent, inside 0700 directories that go
 * with the run, and in the environment of the agent's own processes. Nowhere else.
 */
describe("the secrets of a run with a real pi", () => {
  let home = "";
  let program: ReturnType<typeof start>;
  let run = "";
  /** What is in pi's environment, pi's key for its model, and the agent's token. */
  let canaries: readonly string[] = [];
  let token = "";

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "ramure-secrets-"));
    await mkdir(join(home, "tmp"));
    program = start(home);
    [run, ...canaries] = await ready(program);
    token = JSON.parse(await readFile(await handed("facts.json"), "utf8")).token;
  });

  afterAll(async () => {
    program.kill("SIGTERM");
    await program;
    await rm(home, { recursive: true, force: true });
  });

  const secrets = (): readonly string[] => [...canaries, token];

  /** The path of a file by which pi was handed something. */
  async function handed(name: string): Promise<string> {
    const runtimes = join(home, "runtimes");
    const [directory = ""] = (await readdir(runtimes)).filter((one) => one.startsWith("ramure-"));
    return join(runtimes, directory, "a1", name);
  }

  it("the secrets of a run with a real pi are three, and long enough to be found", () => {
    expect(secrets().map((secret) => secret.length)).toEqual([43, 43, 40]);
  });

  it("the secrets of a run with a real pi are in no file of the home but those that hand them to pi, for this user's eyes", async () => {
    const allowed = [await handed("env"), await handed("facts.json")];
    const found: string[] = [];
    let looked = 0;
    for (const file of await filesBelow(home)) {
      looked += 1;
      const content = await readFile(file).catch(() => Buffer.alloc(0));
      if (secrets().some((secret) => content.includes(secret))) found.push(file);
    }
    expect(looked).toBeGreaterThan(8);
    expect(found.filter((file) => !isAgentDir(file)).sort()).toEqual(allowed.sort());
    for (const file of found) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("the secrets of a run with a real pi are taken out of what the program itself says", async () => {
    const journal = await readFile(join(home, "logs", run, "runtime.jsonl"), "utf8");
    expect(journal).toContain("the secrets are [redacted] and [redacted].");
  });

  it("the secrets of a run with a real pi are in no process's command line", async () => {
    const lines = await ofProcesses("cmdline");
    expect(lines.filter(({ text }) => holdsOne(text))).toEqual([]);
    expect(lines.length).toBeGreaterThan(10);
  });

  it("the secrets of a run with a real pi are in no environment but that of pi, and the token in none", async () => {
    const holders = (await ofProcesses("environ")).filter(({ text }) => holdsOne(text));
    expect(holders).not.toEqual([]);
    for (const { text } of holders) {
      expect(text).toContain("RAMURE_LAUNCH=");
      expect(text).toContain(`RAMURE_RUN=${run}`);
      expect(text).not.toContain(token);
    }
  });

  it("the secrets of a run with a real pi are not in what tmux tells of its environment, options and buffers", async () => {
    const socket = join(await handed("."), "..", "tmux");
    const told = await Promise.all(
      [
        ["show-environment", "-g"],
        ["show-environment", "-t", "=a1"],
        ["show-options", "-g"],
        ["list-panes", "-a", "-F", "#{pane_start_command} #{pane_title} #{pane_current_command}"],
        ["list-buffers"],
      ].map((words) => execa("tmux", ["-N", "-S", socket, ...words])),
    );
    expect(told.every(({ stdout }) => !holdsOne(stdout))).toBe(true);
    expect(told[0]?.stdout).toContain("RAMURE_RUN=");
  });

  function holdsOne(text: string): boolean {
    return secrets().some((secret) => text.includes(secret));
  }

  /** pi's own directory is the program's business: it wrote the key there. */
  function isAgentDir(file: string): boolean {
    return file.startsWith(join(home, "tmp", "ramure-secretive-"));
  }
});

function start(home: string) {
  return execa(process.execPath, [programOf(fixture)], {
    env: { RAMURE_HOME: home, TMPDIR: join(home, "tmp") },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

/** Resolves with the run's id and the secrets, when the program says that its agent has answered. */
async function ready(program: ReturnType<typeof start>): Promise<[string, ...string[]]> {
  for await (const line of createInterface({ input: program.stdout })) {
    const [word, run, ...canaries] = line.split(" ");
    if (word === "ready" && run !== undefined) return [run, ...canaries];
  }
  throw new Error(`The program ended before it was ready: ${(await program).stderr}`);
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function ofProcesses(file: "cmdline" | "environ") {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  return await Promise.all(
    pids.map(async (pid) => ({
      pid,
      text: await readFile(`/proc/${pid}/${file}`, "latin1").catch(() => ""),
    })),
  );
}
