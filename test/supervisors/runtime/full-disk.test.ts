import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BuiltCli, builtCli, cliEnv } from "../../fixtures/built-cli.ts";

const fixture = "test/fixtures/fills-disk.ts";
/** A disk of 64 KiB of its own, which only the program sees, and which goes with it. */
const onSmallDisk = 'mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"';

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
  }, 60_000);

  afterAll(async () => {
    program.kill("SIGTERM");
    await program;
    await rm(home, { recursive: true, force: true });
    await cli.remove();
  }, 60_000);

  const ramure = (...args: string[]) => cli.run(args, { env: cliEnv(home) });

  it("goes on, and says in its status why its journal is not written", async () => {
    const { stdout } = await ramure("status", "--json");
    const { run, nodes } = JSON.parse(stdout);
    expect(nodes).toMatchObject([{ path: "/fills", state: "running" }]);
    expect(run.problem).toContain("runtime.jsonl cannot be written (ENOSPC");
    expect((await ramure("status")).stdout).toContain("! ");
  });

  it("ends as any other, having said it once", async () => {
    await ramure("stop");
    const { stderr } = await program;
    expect(stderr.split("cannot be written")).toHaveLength(2);
    expect(stderr).toContain("The run goes on");
    expect((await ramure("ls")).stdout).not.toContain("fills");
  });
});

function start(home: string) {
  const disk = join(home, "disk");
  const words = [process.execPath, "--import", "tsx", fixture, disk];
  return execa("unshare", ["-rm", "sh", "-c", onSmallDisk, "sh", disk, ...words], {
    env: { RAMURE_HOME: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 50_000,
  });
}
