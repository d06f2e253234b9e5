import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogDirectoryError } from "../../../src/supervisors/home/errors.ts";
import { prepareHome, runPaths } from "../../../src/supervisors/home/home.ts";
import { takeLogDirectory } from "../../../src/supervisors/home/log-owner.ts";
import { type RunRecord, recordOf } from "../../../src/supervisors/home/run-record.ts";
import { temporaryHome } from "../../fixtures/fake-run.ts";

let home: string;
let remove: () => Promise<void>;
let logDir: string;

beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  logDir = join(home, "kept");
});
afterEach(() => remove());

async function recordFor(id: string, facts: Partial<RunRecord> = {}): Promise<RunRecord> {
  const paths = await runPaths(await prepareHome({ RAMURE_HOME: home }), id);
  const record = await recordOf(paths, { id, program: "src/main.ts", startedAt: 0, logDir });
  return { ...record, ...facts };
}

/** The record of a run whose process cannot be there. */
const dead = { pid: 2 ** 22 + 1, processStart: "1" };

describe("a log directory", () => {
  it("a log directory is refused to a second live run, with the id, process, host and start of the first", async () => {
    await takeLogDirectory(await recordFor("first", { host: undefined }));
    const refused = takeLogDirectory(await recordFor("second"));
    await expect(refused).rejects.toThrow(LogDirectoryError);
    await expect(refused).rejects.toThrow(
      `${logDir} is the log directory of a live run: run first of src/main.ts (pid ${process.pid} on this host, since 1970-01-01T00:00:00.000Z); give this run another logDir.`,
    );
  });

  it("a log directory goes to the next run when the first has given it back, and names the first", async () => {
    const first = await takeLogDirectory(await recordFor("first"));
    expect(first.earlier).toBeUndefined();
    await first.release(5);
    const second = await takeLogDirectory(await recordFor("second"));
    expect(second.earlier).toBe("first");
  });

  it("a log directory goes to the next run when the process of the first is gone", async () => {
    await takeLogDirectory(await recordFor("first", dead));
    expect((await takeLogDirectory(await recordFor("second"))).earlier).toBe("first");
    expect(await readdir(logDir)).toEqual(["owner.2"]);
  });

  it("a log directory goes to the same run again when its process is gone", async () => {
    await takeLogDirectory(await recordFor("first", dead));
    expect((await takeLogDirectory(await recordFor("first"))).earlier).toBeUndefined();
  });

  it("a log directory goes to the next run when the file of the first cannot be read", async () => {
    await mkdir(logDir, { mode: 0o700 });
    await writeFile(join(logDir, "owner.7"), "");
    await takeLogDirectory(await recordFor("second"));
    expect(JSON.parse(await readFile(join(logDir, "owner.8"), "utf8"))).toMatchObject({
      id: "second",
    });
  });

  it("a log directory goes to the next run, without a wait, when a FIFO lies in the place of the first", async () => {
    await mkdir(logDir, { mode: 0o700 });
    await execa("mkfifo", [join(logDir, "owner.7")]);
    await takeLogDirectory(await recordFor("second"));
    expect(await readdir(logDir)).toEqual(["owner.8"]);
  });

  it("a log directory is refused when the run that has it is of another host, and the refusal names the file", async () => {
    await takeLogDirectory(await recordFor("first", { host: "elsewhere" }));
    await expect(takeLogDirectory(await recordFor("second"))).rejects.toThrow(
      `remove ${join(logDir, "owner.1")} if that run is over`,
    );
  });

  it("a log directory goes to one alone of many that take it at the same time", async () => {
    await takeLogDirectory(await recordFor("first", dead));
    const records = await Promise.all(
      Array.from({ length: 20 }, (_, number) => recordFor(`r${number}`)),
    );
    const taken = await Promise.allSettled(records.map(takeLogDirectory));
    expect(taken.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(logDir)).toEqual(["owner.2"]);
  });

  it("a log directory keeps the mode that others gave it, and the refusal says what to do", async () => {
    await mkdir(logDir, { mode: 0o755 });
    await expect(takeLogDirectory(await recordFor("first"))).rejects.toThrow(
      `${logDir} is open to other users (mode 0755); chmod 700 it if it is ramure's alone; give this run another logDir.`,
    );
  });
});
