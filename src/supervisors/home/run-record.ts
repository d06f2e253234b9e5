import { lstat, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { connect } from "node:net";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { finite, read } from "../../actors/data/index.ts";
import { codeOf, messageOf } from "../../errors.ts";
import { HomeError } from "../../machines/errors.ts";
import { isSameProcess, processStart, writeWhole } from "../../machines/local/index.ts";
import type { HomeLayout, RunPaths } from "./home.ts";

/** The record beside a run's socket, for a reader that cannot ask the run. */
export interface RunRecord {
  readonly schema: 1;
  readonly id: string;
  readonly pid: number;
  /** The host of the pid: homes are shared between hosts. Absent: this one. */
  readonly host?: string | undefined;
  /** The answer of `processStart(pid)` when the run began; tells a reused pid. */
  readonly processStart?: string | undefined;
  /** The path of the program, as a person would name it. */
  readonly program: string;
  /** Wall-clock ms since 1970. */
  readonly startedAt: number;
  readonly logDir: string;
  readonly socket: string;
}

/** The liveness of a run on disk. */
export type RunLiveness =
  /** The run answers at its socket. */
  | "live"
  /** The process of the run lives, or may live on another host, but no socket answers. */
  | "silent"
  /** Neither is there: the run's files may go. */
  | "dead";

export interface ListedRun {
  readonly record: RunRecord;
  readonly liveness: RunLiveness;
}

const probeMs = 500;

/** Make the record of this process's run. */
export async function recordOf(
  paths: RunPaths,
  run: Pick<RunRecord, "id" | "program" | "startedAt"> & {
    /** Default: the one of `paths`. */
    readonly logDir?: string | undefined;
  },
): Promise<RunRecord> {
  return {
    schema: 1,
    ...run,
    pid: process.pid,
    host: hostname(),
    processStart: await processStart(process.pid),
    logDir: run.logDir ?? paths.logDir,
    socket: paths.socket,
  };
}

/**
 * Write the record of a run, whole or not at all. Resolves when it is on the disk.
 *
 * Without its record nobody could find what a killed run leaves: there is no run then.
 */
export async function writeRunRecord({ record: file }: RunPaths, record: RunRecord): Promise<void> {
  try {
    await writeWhole(file, `${JSON.stringify(record)}\n`);
  } catch (error) {
    throw new HomeError(file, `cannot be written (${messageOf(error)})`, error);
  }
}

/** Write the record of a living run again if somebody deleted it: by it the run is found. Never rejects. */
export async function keepRunRecord(paths: RunPaths, record: RunRecord): Promise<void> {
  const isThere = await lstat(paths.record).then(
    () => true,
    (error: unknown) => codeOf(error) !== "ENOENT",
  );
  if (!isThere) await writeRunRecord(paths, record).catch(() => {});
}

/** Remove a run's record and what is left of its socket. Harmless when they are gone. */
export async function removeRunRecord(run: Pick<RunPaths, "record" | "socket">): Promise<void> {
  await rm(run.socket, { force: true });
  await rm(run.record, { force: true });
  await removeShortDirectory(run);
}

/** Remove the short directory for long homes with the last socket in it. */
export async function removeShortDirectory(
  run: Pick<RunPaths, "record" | "socket">,
): Promise<void> {
  const directory = dirname(run.socket);
  // ENOTEMPTY says it was not the last.
  if (directory !== dirname(run.record)) await rmdir(directory).catch(() => {});
}

/** Give the socket of the door for a run's agents, beside its control socket. */
export function doorOf(socket: string): string {
  return socket.replace(/\.sock$/, ".door");
}

/** List the runs that have a record, oldest first, and say of each whether it lives. Removes nothing. */
export async function listRuns(layout: HomeLayout): Promise<readonly ListedRun[]> {
  const names = await readdir(layout.runtimes).catch(() => []);
  const records = await Promise.all(
    names.filter((name) => name.endsWith(".json")).map((name) => readRecord(layout, name)),
  );
  const known = records.filter((record) => record !== undefined);
  known.sort((a, b) => a.startedAt - b.startedAt);
  return Promise.all(known.map(async (record) => ({ record, liveness: await livenessOf(record) })));
}

/** Read the record of a run by its file's name; undefined when there is none that could be read. */
export async function readRecord(layout: HomeLayout, name: string): Promise<RunRecord | undefined> {
  try {
    const path = join(layout.runtimes, name);
    if (!(await lstat(path)).isFile()) return undefined;
    const record = parseRecord(JSON.parse(await readFile(path, "utf8")));
    return `${record.id}.json` === name ? record : undefined;
  } catch {
    // Being written, being removed, or not ours: no run that one could name.
    return undefined;
  }
}

const recordShape = v.object({
  id: v.string(),
  pid: finite,
  host: v.optional(v.string()),
  processStart: v.optional(v.string()),
  program: v.string(),
  startedAt: finite,
  logDir: v.string(),
  socket: v.string(),
});

/** Read a record. Throws FieldError for what is none of this version. */
export function parseRecord(value: unknown): RunRecord {
  return { schema: 1, ...read(recordShape, value, "run record") };
}

/** Tell whether this host can know whether the run lives. */
export function isOfThisHost({ host }: Pick<RunRecord, "host">): boolean {
  return host === undefined || host === hostname();
}

async function livenessOf(record: RunRecord): Promise<RunLiveness> {
  if (await answers(record.socket)) return "live";
  if (!isOfThisHost(record)) return "silent";
  return (await isSameProcess(record.pid, record.processStart)) ? "silent" : "dead";
}

/** Tell whether the process of a run lives. A socket that answers counts as well: the process may be one that this one cannot see. */
export async function lives({ pid, processStart, socket }: RunRecord): Promise<boolean> {
  return (await isSameProcess(pid, processStart)) || (await answers(socket));
}

/** Tell whether a run listens at a socket: its file alone says nothing. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((settle) => {
    const probe = connect(socket);
    const end = (answered: boolean) => {
      probe.destroy();
      settle(answered);
    };
    probe.setTimeout(probeMs, () => end(false));
    probe.once("connect", () => end(true));
    probe.once("error", () => end(false));
  });
}
