import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/machines/container/engine.ts";
import { type Remains, SshImage, type SshOptions } from "../../../src/machines/index.ts";
import { findMarked } from "../../../src/machines/local/index.ts";
import { removeRemains } from "../../../src/machines/remains/index.ts";
import { homeLayout, reap } from "../../../src/supervisors/home/index.ts";
import { scratch } from "../scratch.ts";
import { startSshd, type TestSshd } from "./sshd.ts";

const newFolder = scratch();
const program = fileURLToPath(new URL("../../fixtures/keeps-machines.ts", import.meta.url));
const image = process.env.RAMURE_TEST_IMAGE ?? "";
const engines = { docker: process.env.RAMURE_TEST_DOCKER, podman: process.env.RAMURE_TEST_PODMAN };

/** Start a program with machines, kill it, and give the home and temporary folder that it left. */
async function killed(machines: Readonly<Record<string, unknown>>) {
  const [home, temporary, cwd] = [newFolder(), newFolder(), newFolder()];
  for (const folder of [home, temporary, cwd]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const env = {
    ...process.env,
    MACHINES: JSON.stringify(machines),
    RAMURE_HOME: home,
    TMPDIR: temporary,
  };
  const words = ["--import", import.meta.resolve("tsx"), program];
  const child = spawn(process.execPath, words, { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  const layout = homeLayout(env);
  const [file = ""] = readdirSync(layout.runtimes).filter((name) => name.endsWith(".jsonl"));
  const run = file.replace(".things.jsonl", "");
  const things = readFileSync(join(layout.runtimes, file), "utf8");
  return { layout, temporary, run, things };
}

for (const [name, socket] of Object.entries(engines)) {
  describe.runIf(socket !== undefined)(`gc with ${name}`, () => {
    it("removes the container of a program that was killed", async () => {
      const container = { image, socket, network: "none" };
      const { layout, temporary, things } = await killed({ container });
      const [, id = ""] = /"name":"(ramure-[a-z0-9]+)"/.exec(things) ?? [];
      const engine = new Engine(socket ?? "");
      await engine.call("GET", `/containers/${id}/json`);
      const [dry] = await reap(layout, { dryRun: true });
      expect(dry?.removed).toContainEqual({ kind: "machine", name: `container ${id}` });
      expect(await reap(layout)).toMatchObject([{ left: [] }]);
      await expect(engine.call("GET", `/containers/${id}/json`)).rejects.toMatchObject({
        status: 404,
      });
      expect(readdirSync(temporary).filter((left) => left.startsWith("ramure-"))).toEqual([]);
      expect(readdirSync(layout.runtimes)).toEqual([]);
    });
  });
}

describe.runIf(process.env.RAMURE_TEST_SANDBOX)("gc with bubblewrap", () => {
  it("leaves no process and no folder of the sandbox of a program that was killed", async () => {
    const { layout, temporary, run } = await killed({ sandbox: { workDir: newFolder() } });
    expect(await reap(layout)).toMatchObject([{ left: [] }]);
    expect(await findMarked("RAMURE_RUN", run)).toEqual([]);
    expect(readdirSync(temporary).filter((left) => left.startsWith("ramure-"))).toEqual([]);
  });
});

describe.runIf(process.env.RAMURE_TEST_SSH)("gc over ssh", () => {
  let sshd: TestSshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd?.stop());

  it("ends what a program that was killed left on its host, once the host answers", async () => {
    const ssh: SshOptions = { ...sshd.access, workDir: newFolder() };
    const { layout, things } = await killed({ ssh });
    const [, id = ""] = /"kind":"ssh","name":"([a-z0-9]+)"/.exec(things) ?? [];
    expect(await findMarked("RAMURE_MACHINE", id)).not.toEqual([]);
    await sshd.cut();
    const name = `ssh ${id}`;
    expect(await reap(layout)).toMatchObject([{ left: [{ kind: "machine", name }] }]);
    expect(await reap(layout, { far: true })).toMatchObject([{ left: [{ name }] }]);
    await sshd.restore();
    const [reaped] = await reap(layout, { far: true });
    expect(reaped).toMatchObject({
      left: [],
      removed: expect.arrayContaining([{ kind: "machine", name }]),
    });
    expect(await findMarked("RAMURE_MACHINE", id)).toEqual([]);
    expect(readdirSync(layout.runtimes)).toEqual([]);
  });

  it("needs the record of the machine alone, and what the run made there", async () => {
    const recorded: Remains[] = [];
    const record = async (remains: Remains) => void recorded.push(remains);
    const { signal } = new AbortController();
    const image = new SshImage({ ...sshd.access, workDir: newFolder() });
    const machine = await image.spawn({ name: "left", signal, record });
    const made = `/tmp/ramure-there-${process.pid}`;
    await machine.exec(`mkdir ${made}; setsid sleep 3872 >/dev/null 2>&1 &`);
    const [remains] = JSON.parse(JSON.stringify(recorded));
    expect(await findMarked("RAMURE_MACHINE", remains.name)).toHaveLength(1);
    await removeRemains(remains, [made]);
    expect(await findMarked("RAMURE_MACHINE", remains.name)).toEqual([]);
    expect(existsSync(made)).toBe(false);
    await machine.stop();
  });
});
