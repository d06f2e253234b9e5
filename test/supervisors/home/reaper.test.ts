import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFile,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { findMarked, liveProcesses, processStart } from "../../../src/machines/local/processes.ts";
import { type HomeLayout, prepareHome } from "../../../src/supervisors/home/home.ts";
import { reap } from "../../../src/supervisors/home/reaper.ts";
import { readThings, ThingLog } from "../../../src/supervisors/home/things.ts";
import { temporaryHome } from "../../fixtures/fake-run.ts";

/** A pid that nobody has: beyond what the system gives out. */
const deadPid = 2 ** 22 + 1;
/** Marks count on the whole host: another run of these tests beside this one has its own. */
const ids = {
  dead1: `dead1-${process.pid}`,
  dead2: `dead2-${process.pid}`,
  alive1: `alive1-${process.pid}`,
};
const owner = { path: "/main/worker", epoch: 1 };

let layout: HomeLayout;
let remove: () => Promise<void>;
const servers: Server[] = [];

beforeEach(async () => {
  const made = await temporaryHome();
  remove = made.remove;
  layout = await prepareHome({ RAMURE_HOME: made.home });
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
  await remove();
});

function inRuntimes(name: string): string {
  return join(layout.runtimes, name);
}

async function record(
  id: string,
  facts: { pid: number; processStart?: string | undefined; host?: string },
) {
  const socket = inRuntimes(`${id}.sock`);
  const whole = { schema: 1, id, program: "p.ts", startedAt: 1, logDir: "/l", socket, ...facts };
  await writeFile(inRuntimes(`${id}.json`), JSON.stringify(whole));
}

function thingsOf(run: string): ThingLog {
  return new ThingLog({ file: inRuntimes(`${run}.things.jsonl`), run, clock: systemClock });
}

/** A socket file that nobody listens on any more, as a killed process leaves it. */
async function staleSocket(path: string): Promise<void> {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await execa("node", ["-e", script], { reject: false });
}

/** A run whose process was killed: its sockets, a directory and a process are left. */
async function deadRun(id: string): Promise<{ readonly directory: string }> {
  await record(id, { pid: deadPid });
  await staleSocket(inRuntimes(`${id}.sock`));
  await staleSocket(inRuntimes(`${id}.door`));
  const directory = inRuntimes(`ramure-${id}`);
  await thingsOf(id).record({ kind: "directory", file: directory }, owner);
  await mkdir(join(directory, "a1"), { recursive: true });
  await writeFile(join(directory, "a1", "env"), "secret");
  return { directory };
}

function sleeper(run: string): { readonly pid: number; readonly ended: Promise<unknown> } {
  const child = spawn("sleep", ["300"], {
    env: { ...process.env, RAMURE_RUN: run },
    detached: true,
  });
  return { pid: child.pid ?? 0, ended: once(child, "exit") };
}

describe("the record of things", () => {
  it("the record of things is on the disk when record resolves, for this user's eyes, and the last word counts", async () => {
    const things = thingsOf("r1");
    await things.record({ kind: "tmux-server", file: "/x/tmux" }, owner);
    await things.record({ kind: "tmux-server", file: "/x/tmux", pid: process.pid }, owner);
    await things.record({ kind: "directory", file: "/y", machine: "a container" }, owner);
    expect((await stat(things.file)).mode & 0o777).toBe(0o600);
    expect(await readThings(things.file)).toMatchObject([
      {
        kind: "tmux-server",
        run: "r1",
        path: "/main/worker",
        epoch: 1,
        pid: process.pid,
        processStart: await processStart(process.pid),
      },
      { kind: "directory", file: "/y", machine: "a container" },
    ]);
  });

  it("the record of things is read as far as it was written", async () => {
    const things = thingsOf("r1");
    await things.record({ kind: "directory", file: "/y" }, owner);
    await appendFile(things.file, '{"v":1,"kind":"directory","fi');
    expect(await readThings(things.file)).toMatchObject([{ file: "/y" }]);
    expect(await readThings("/nowhere")).toEqual([]);
  });

  it("the record of things is never written through a link", async () => {
    const target = inRuntimes("target");
    await symlink(target, inRuntimes("r1.things.jsonl"));
    await expect(thingsOf("r1").record({ kind: "directory", file: "/y" }, owner)).rejects.toThrow(
      "ELOOP",
    );
    expect(await readdir(layout.runtimes)).toEqual(["r1.things.jsonl"]);
  });
});

describe("the reaper", () => {
  it("the reaper removes all that a dead run left, its record last, and says what", async () => {
    const { directory } = await deadRun(ids.dead1);
    const process = sleeper(ids.dead1);
    const [run] = await reap(layout);
    await process.ended;
    expect(run).toMatchObject({ id: ids.dead1, program: "p.ts", left: [] });
    expect(run?.removed.map(({ kind, name }) => [kind, name])).toEqual([
      ["process", `${process.pid} (sleep)`],
      ["socket", inRuntimes(`${ids.dead1}.sock`)],
      ["socket", inRuntimes(`${ids.dead1}.door`)],
      ["directory", directory],
      ["file", inRuntimes(`${ids.dead1}.things.jsonl`)],
      ["file", inRuntimes(`${ids.dead1}.json`)],
    ]);
    expect(await readdir(layout.runtimes)).toEqual([]);
    expect(await reap(layout)).toEqual([]);
  });

  it("the reaper only looks in a dry run", async () => {
    await deadRun(ids.dead1);
    const before = await readdir(layout.runtimes);
    const [run] = await reap(layout, { dryRun: true });
    expect(run?.removed.map(({ kind }) => kind)).toEqual([
      "socket",
      "socket",
      "directory",
      "file",
      "file",
    ]);
    expect(await readdir(layout.runtimes)).toEqual(before);
  });

  it("the reaper touches nothing of a run whose process lives", async () => {
    await deadRun(ids.alive1);
    await record(ids.alive1, { pid: process.pid, processStart: await processStart(process.pid) });
    const own = sleeper(ids.alive1);
    const before = await readdir(layout.runtimes);
    expect(await reap(layout)).toEqual([]);
    expect(await readdir(layout.runtimes)).toEqual(before);
    expect((await findMarked("RAMURE_RUN", ids.alive1))?.map(({ pid }) => pid)).toEqual([own.pid]);
    process.kill(own.pid, "SIGKILL");
    await own.ended;
  });

  it("the reaper takes a reused pid for another process", async () => {
    await record("reused1", { pid: process.pid, processStart: "1" });
    expect(await reap(layout)).toMatchObject([{ id: "reused1", left: [] }]);
    expect(await readdir(layout.runtimes)).toEqual([]);
  });

  it("the reaper believes a socket that answers more than a pid that is gone", async () => {
    await record("other1", { pid: deadPid });
    const server = createServer().listen(inRuntimes("other1.sock"));
    servers.push(server);
    await once(server, "listening");
    expect(await reap(layout)).toEqual([]);
    expect(await readdir(layout.runtimes)).toEqual(["other1.json", "other1.sock"]);
  });

  it("the reaper never ends itself, nor a living run, though they carry the mark of the dead one", async () => {
    await deadRun(ids.dead1);
    // With a helper of its own, which inherits the mark as it did.
    const script = `process.stdout.write(String(require("child_process").spawn("sleep", ["300"]).pid))`;
    const living = spawn(process.execPath, ["-e", script], {
      env: { ...process.env, RAMURE_RUN: ids.dead1 },
    });
    const [said] = await once(living.stdout, "data");
    const [pid, helper] = [living.pid ?? 0, Number(said)];
    await record("inner1", { pid, processStart: await processStart(pid) });
    const [run] = await reap(layout);
    expect(run?.removed.some(({ kind }) => kind === "process")).toBe(false);
    const live = (await liveProcesses())?.map((entry) => entry.pid);
    expect(live).toEqual(expect.arrayContaining([pid, helper]));
    living.kill("SIGKILL");
    process.kill(helper, "SIGKILL");
    await once(living, "exit");
  });

  it("the reaper never ends a living run of another home, though it was started inside the dead one", async () => {
    const other = await temporaryHome();
    const elsewhere = await prepareHome({ RAMURE_HOME: other.home });
    await record(ids.dead1, { pid: deadPid });
    const child = spawn("sleep", ["300"], {
      env: { ...process.env, RAMURE_RUN: ids.dead1, RAMURE_HOME: other.home },
      detached: true,
    });
    const pid = child.pid ?? 0;
    const ended = once(child, "exit");
    const facts = { schema: 1, id: "live", program: "p.ts", startedAt: 1, logDir: "/l" };
    const socket = join(elsewhere.runtimes, "live.sock");
    const text = JSON.stringify({ ...facts, socket, pid, processStart: await processStart(pid) });
    await writeFile(join(elsewhere.runtimes, "live.json"), text);
    await reap(layout);
    expect(await processStart(pid)).toBeDefined();
    await rm(join(elsewhere.runtimes, "live.json"));
    await record(ids.dead1, { pid: deadPid });
    await reap(layout);
    await ended;
    await other.remove();
  });

  it("the reaper names a record that cannot be read, and removes what the list of its things names", async () => {
    const { directory } = await deadRun("torn");
    await truncate(inRuntimes("torn.json"));
    const [reaped] = await reap(layout);
    expect(reaped?.removed).toContainEqual({
      kind: "file",
      name: `${inRuntimes("torn.json")} (it cannot be read)`,
    });
    expect(reaped?.removed).toContainEqual({ kind: "directory", name: directory });
    expect(await readdir(layout.runtimes)).toEqual([]);
  });

  it("the reaper leaves a record of a newer version to that version", async () => {
    await deadRun("newer");
    await writeFile(inRuntimes("newer.json"), '{"schema":2,"name":"newer"}');
    expect(await reap(layout)).toEqual([]);
    expect(await readdir(layout.runtimes)).toContain("newer.json");
  });

  it("the reaper follows no link and removes no file that is not what its record says", async () => {
    await record(ids.dead1, { pid: deadPid });
    const elsewhere = await mkdtemp(join(tmpdir(), "ramure-precious-"));
    await writeFile(join(elsewhere, "precious"), "");
    const link = inRuntimes("ramure-link");
    await symlink(elsewhere, link);
    const within = inRuntimes("ramure-within");
    await mkdir(within);
    await symlink(elsewhere, join(within, "link"));
    const things = thingsOf(ids.dead1);
    await things.record({ kind: "directory", file: link }, owner);
    await things.record({ kind: "directory", file: within }, owner);
    await things.record({ kind: "directory", file: join(elsewhere, "..") }, owner);
    await things.record({ kind: "socket", file: join(elsewhere, "precious") }, owner);
    await things.record({ kind: "tmux-server", file: link }, owner);
    await reap(layout);
    expect(await readdir(elsewhere)).toEqual(["precious"]);
    expect(await readdir(layout.runtimes)).toEqual(["ramure-link"]);
    await rm(elsewhere, { recursive: true });
  });

  it("the reaper keeps the record of what lies on another machine, and says so", async () => {
    await record(ids.dead1, { pid: deadPid });
    await thingsOf(ids.dead1).record(
      { kind: "directory", file: "/tmp/ramure-x", machine: "box" },
      owner,
    );
    const [run] = await reap(layout);
    expect(run?.left).toEqual([{ kind: "directory", name: "/tmp/ramure-x on box" }]);
    expect(await readdir(layout.runtimes)).toContain(`${ids.dead1}.json`);
  });

  it("the reaper keeps the record of a thing that only a newer version knows", async () => {
    await record(ids.dead1, { pid: deadPid });
    const line = { v: 2, kind: "container", file: "c1", run: ids.dead1, ...owner, at: 1 };
    await writeFile(inRuntimes(`${ids.dead1}.things.jsonl`), `${JSON.stringify(line)}\n`);
    const [run] = await reap(layout);
    expect(run?.left).toEqual([{ kind: "unknown", name: "c1" }]);
    expect(await readdir(layout.runtimes)).toContain(`${ids.dead1}.json`);
  });

  it("the reaper touches no run of another host that shares the home", async () => {
    await deadRun("far1");
    await record("far1", { pid: deadPid, host: "elsewhere" });
    const before = await readdir(layout.runtimes);
    expect(await reap(layout)).toEqual([]);
    expect(await readdir(layout.runtimes)).toEqual(before);
  });

  it("the reaper removes sockets, drafts and torn records whose run is gone", async () => {
    await staleSocket(inRuntimes("gone1.sock"));
    await writeFile(inRuntimes(`gone2.json.${deadPid}.tmp`), "{");
    await writeFile(inRuntimes(`mine.json.${process.pid}.tmp`), "{");
    await writeFile(inRuntimes("half1.json"), "{");
    await reap(layout);
    expect(await readdir(layout.runtimes)).toEqual([`mine.json.${process.pid}.tmp`]);
  });

  it("the reaper is harmless beside another one", async () => {
    await deadRun(ids.dead1);
    await deadRun(ids.dead2);
    const child = sleeper(ids.dead1);
    const all = await Promise.all([reap(layout), reap(layout), reap(layout)]);
    await child.ended;
    expect(all.flat().every(({ left }) => left.length === 0)).toBe(true);
    expect(await readdir(layout.runtimes)).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)("the reaper touches nothing of another user", async () => {
    const { directory } = await deadRun(ids.dead1);
    await chown(directory, 65_534, 65_534);
    await chown(inRuntimes(`${ids.dead1}.sock`), 65_534, 65_534);
    await reap(layout);
    expect(await readdir(layout.runtimes)).toEqual([`${ids.dead1}.sock`, `ramure-${ids.dead1}`]);
    await chown(layout.runtimes, 65_534, 65_534);
    await expect(reap(layout)).rejects.toThrow("belongs to user 65534");
  });

  it("the reaper finds nothing where there is no home", async () => {
    expect(await reap({ ...layout, runtimes: "/nowhere/runtimes" })).toEqual([]);
  });
});
