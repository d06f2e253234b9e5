import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isSameProcess, processStart } from "../../../src/machines/local/processes.ts";
import { type HomeLayout, prepareHome, runPaths } from "../../../src/supervisors/home/home.ts";
import { keepRunRecord, listRuns, recordOf } from "../../../src/supervisors/home/run-record.ts";
import { openFakeRun, temporaryHome } from "../../fixtures/fake-run.ts";

/** A pid that nobody has: beyond what the system gives out. */
const deadPid = 2 ** 22 + 1;

let home: string;
let layout: HomeLayout;
let remove: () => Promise<void>;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  layout = await prepareHome({ RAMURE_HOME: home });
});
afterEach(() => remove());

async function record(id: string, facts: { pid: number; processStart?: string | undefined }) {
  const socket = join(layout.runtimes, `${id}.sock`);
  const whole = { schema: 1, id, program: "p", startedAt: 1, logDir: "/l", socket, ...facts };
  await writeFile(join(layout.runtimes, `${id}.json`), JSON.stringify(whole));
  return socket;
}

const liveness = async () =>
  Object.fromEntries((await listRuns(layout)).map((run) => [run.record.id, run.liveness]));

describe("the records of runs", () => {
  it("the records of runs say who runs, for this user's eyes", async () => {
    const run = await openFakeRun({ home, id: "aaa" });
    const written = JSON.parse(await readFile(run.paths.record, "utf8"));
    expect(written).toMatchObject({ schema: 1, id: "aaa", pid: process.pid });
    expect(written.processStart).toBe(await processStart(process.pid));
    expect((await stat(run.paths.record)).mode & 0o777).toBe(0o600);
    expect(await liveness()).toEqual({ aaa: "live" });
    await run.close();
    expect(await liveness()).toEqual({});
  });

  it("the records of runs are written again when somebody deleted one, and never over another one", async () => {
    const paths = await runPaths(await prepareHome({ RAMURE_HOME: home }), "kept");
    const kept = await recordOf(paths, { id: "kept", program: "p", startedAt: 0 });
    await keepRunRecord(paths, kept);
    expect(JSON.parse(await readFile(paths.record, "utf8"))).toMatchObject({ id: "kept" });
    await writeFile(paths.record, "other");
    await keepRunRecord(paths, kept);
    expect(await readFile(paths.record, "utf8")).toBe("other");
  });

  it("the records of runs tell a live run, one that is silent, and one that died", async () => {
    const run = await openFakeRun({ home, id: "live" });
    await record("silent", { pid: process.pid });
    await record("dead", { pid: deadPid });
    expect(await liveness()).toEqual({ live: "live", silent: "silent", dead: "dead" });
    await run.close();
  });

  it("the records of runs are not fooled by a reused pid", async () => {
    await record("reused", { pid: process.pid, processStart: "1" });
    expect(await liveness()).toEqual({ reused: "dead" });
  });

  it("the records of runs call a run dead whose socket was left behind by a killed process", async () => {
    const socket = await record("stale", { pid: deadPid });
    const script = `require("net").createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, "SIGKILL"))`;
    await execa("node", ["-e", script], { reject: false });
    expect((await stat(socket)).isSocket()).toBe(true);
    expect(await liveness()).toEqual({ stale: "dead" });
  });

  it("the records of runs believe a socket that answers more than a pid that is gone", async () => {
    const socket = await record("other", { pid: deadPid });
    const server = createServer().listen(socket);
    expect(await liveness()).toEqual({ other: "live" });
    await new Promise((closed) => server.close(closed));
  });

  it("the records of runs skip files that are no records", async () => {
    await writeFile(join(layout.runtimes, "half.json"), '{"schema":1,');
    await writeFile(join(layout.runtimes, "list.json"), "[]");
    await writeFile(join(layout.runtimes, "note.txt"), "");
    expect(await listRuns(layout)).toEqual([]);
  });

  it("the records of runs list nothing where there is no home", async () => {
    expect(await listRuns({ ...layout, runtimes: "/nowhere" })).toEqual([]);
  });
});

describe("the start of a process", () => {
  it("the start of a process tells a process from another one of the same pid", async () => {
    expect(await isSameProcess(process.pid, await processStart(process.pid))).toBe(true);
    expect(await isSameProcess(process.pid, "another")).toBe(false);
    expect(await processStart(deadPid)).toBeUndefined();
  });
});
