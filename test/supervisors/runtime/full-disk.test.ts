import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type BuiltCli, builtCli, cliEnv } from "../../fixtures/built-cli.ts";
import { programOf } from "../../setup/programs.ts";

const fixture = "test/fixtures/fills-disk.ts";
/** A disk of 64 KiB of its own, which only the program sees, and which goes with it. */
const onSmallDisk = 'mount -t tmpfs -o size=64k,mode=700 none "$1" && shift && exec "$@"';

const canMount = await execa("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"], {
  reject: false,
});

describe.runIf(canMount.exitCode === 0)("a run whose disk is full", () => {
  let cli: BuiltCli;
  let home = "";
  let program: ReturnType<typeof start>;

  beforeAll(async () => {
    cli = await builtCli();
    home = await mkdtemp(join(tmpdir(), "ramure-full-"));
    await mkdir(join(home, "disk"), { mode: 0o700 });
    program = start(home);
    for await (const line of createInterface({ input: program.stdout })) {
      if (line === "written") break;
    }
  });

  afterAll(async () => {
    program.kill("SIGTERM");
    await program;
    await rm(home, { recursive: true, force: true });
    await cli.remove();
  });

  const ramure = (...args: string[]) => cli.run(args, { env: cliEnv(home) });

  it("a run whose disk is full goes on, and says in its status why its journal is not written", async () => {
    const { stdout } = await ramure("status", "--json");
    const { run, nodes } = JSON.parse(stdout);
    expect(nodes).toMatchObject([{ path: "/fills", state: "running" }]);
    expect(run.problem).toContain("runtime.jsonl cannot be written (ENOSPC");
    expect((await ramure("status")).stdout).toContain("! ");
  });

  it("a run whose disk is full ends as any other, having said it once", async () => {
    await ramure("stop");
    const { stderr } = await program;
    expect(stderr.split("cannot be written")).toHaveLength(2);
    expect(stderr).toContain("The run goes on");
    expect((await ramure("ls")).stdout).not.toContain("fills");
  });
});

/** The disk of the log directory, of 64 KiB, with room for nothing: no byte, and no name either. */
const onFullDisk = `mount -t tmpfs -o size=64k,nr_inodes=2,mode=700 none "$1" || exit 9
head -c 100000 /dev/zero >"$1/filler" 2>/dev/null
shift && exec "$@"`;
const onReadOnlyDisk = 'mount -t tmpfs -o ro,mode=700 none "$1" && shift && exec "$@"';

describe.runIf(canMount.exitCode === 0)("a run that starts when its disk cannot be written", () => {
  let cli: BuiltCli;
  let home = "";
  let disk = "";

  beforeAll(async () => {
    cli = await builtCli();
  });

  afterAll(async () => {
    await cli.remove();
  });

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "ramure-full-"));
    disk = join(home, "disk");
    await mkdir(disk, { mode: 0o700 });
  });

  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  const ramure = (...args: string[]) => cli.run(args, { env: cliEnv(home) });

  /** Starts it, looks at it with `ramure status`, and lets it end. */
  async function played(onDisk: string, words: readonly string[]) {
    const program = startOn(onDisk, home, disk, words);
    for await (const line of createInterface({ input: program.stdout })) {
      if (line.startsWith("ready ")) break;
    }
    const { run } = JSON.parse((await ramure("status", "--json")).stdout);
    await ramure("send", "starts", "go");
    const { stdout, stderr, exitCode } = await program;
    return { problem: run.problem, stdout, stderr, exitCode };
  }

  it("a run that starts when its disk cannot be written goes on and says so; what was to be kept is, as soon as there is room", async () => {
    const words = [disk, join(disk, "filler")];
    const { problem, stdout, stderr, exitCode } = await played(onFullDisk, words);
    expect(problem).toContain(`${disk}/runtime.jsonl cannot be written (ENOSPC: no space`);
    expect(stdout).toContain("result well");
    expect(stderr.split("cannot be written")).toHaveLength(2);
    const [, kept = ""] = stdout.split("kept ");
    const types = kept.trim().split(",");
    expect(types[0]).toBe("run-started");
    for (const type of ["early", "done", "journal-gap"]) expect(types).toContain(type);
    expect(exitCode).toBe(0);
  });

  it("a run that starts when its disk cannot be written goes on, says so, and ends as any other when the disk stays read-only", async () => {
    const { problem, stdout, stderr } = await played(onReadOnlyDisk, [join(disk, "logs")]);
    expect(problem).toContain(`${disk}/logs/runtime.jsonl cannot be written (EROFS: read-only`);
    expect(stdout).toContain("result well");
    expect(stderr.split("cannot be written")).toHaveLength(2);
  });

  it.each([
    ["full", onFullDisk],
    ["read-only", onReadOnlyDisk],
  ])(
    "a run that starts when its disk cannot be written does not start when the home itself is on that disk, and says why: %s",
    async (_, onDisk) => {
      const { stdout } = await startOn(onDisk, disk, disk, [""]);
      expect(stdout).toMatch(/^threw home .*(ENOSPC|EROFS).*set RAMURE_HOME/);
    },
  );
});

function startOn(onDisk: string, home: string, disk: string, words: readonly string[]) {
  const program = [process.execPath, programOf("test/fixtures/starts-full.ts"), ...words];
  return execa("unshare", ["-rm", "sh", "-c", onDisk, "sh", disk, ...program], {
    env: { RAMURE_HOME: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

function start(home: string) {
  const disk = join(home, "disk");
  const words = [process.execPath, programOf(fixture), disk];
  return execa("unshare", ["-rm", "sh", "-c", onSmallDisk, "sh", disk, ...words], {
    env: { RAMURE_HOME: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}
