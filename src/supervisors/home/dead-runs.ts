import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRecord, parsedJson } from "../../actors/data/index.ts";
import { HomeError } from "../../machines/errors.ts";
import { isSameProcess, ownFileAt } from "../../machines/local/index.ts";
import type { HomeLayout } from "./home.ts";
import { answers, isOfThisHost, lives, type RunRecord, readRecord } from "./run-record.ts";
import { type RecordedThing, readThings } from "./things.ts";

/** A run whose process is gone, by what it left in the home. */
export interface DeadRun {
  readonly id: string;
  /** Absent when only other files of the run are left. */
  readonly record?: RunRecord | undefined;
  /** The record is there and cannot be read. */
  readonly isDamaged?: boolean | undefined;
  readonly things: readonly RecordedThing[];
  /** The record of the run, which is removed last. Absent: a living run, which removes its own record. */
  readonly recordFile?: string | undefined;
  readonly thingsFile: string;
}

/** The runs of a home, told apart by whether their processes live. */
export interface Survey {
  readonly dead: readonly DeadRun[];
  readonly living: readonly RunRecord[];
  /** Files that were written beside a run's own and whose writer is gone. */
  readonly strays: readonly string[];
}

/**
 * Look through the home of this user. Touches nothing.
 *
 * Throws HomeError when the home belongs to another user. A missing home counts as empty.
 */
export async function surveyRuns(layout: HomeLayout): Promise<Survey> {
  const names = await namesIn(layout);
  const ids = new Set(names.flatMap((name) => runFile.exec(name)?.[1] ?? []));
  const looked = await Promise.all([...ids].map((id) => lookAt(layout, id)));
  const strays = await Promise.all(names.map((name) => strayFile(layout, name)));
  return {
    dead: looked.flatMap((run) => (run?.type === "dead" ? run.dead : [])),
    living: looked.flatMap((run) => (run?.type === "living" ? run.record : [])),
    strays: strays.filter((file) => file !== undefined),
  };
}

const runFile = /^([a-z0-9_-]+)\.(?:json|things\.jsonl|sock|door)$/;
const draft = /^[a-z0-9_-]+\.json\.(\d+)\.tmp$/;

async function namesIn({ runtimes }: HomeLayout): Promise<readonly string[]> {
  const found = await lstat(runtimes).catch(() => undefined);
  if (found === undefined) return [];
  const user = process.getuid?.();
  if (!found.isDirectory()) throw new HomeError(runtimes, "is not a directory");
  if (user !== undefined && found.uid !== user)
    throw new HomeError(runtimes, `belongs to user ${found.uid}, not to ${user}`);
  return await readdir(runtimes);
}

type Looked =
  | { readonly type: "dead"; readonly dead: DeadRun }
  | { readonly type: "living"; readonly record: RunRecord };

/** Undefined: nobody can tell whose it is, so nobody touches it. */
async function lookAt(layout: HomeLayout, id: string): Promise<Looked | undefined> {
  const recordFile = join(layout.runtimes, `${id}.json`);
  const thingsFile = join(layout.runtimes, `${id}.things.jsonl`);
  const record = await readRecord(layout, `${id}.json`);
  if (record && !isOfThisHost(record)) return undefined;
  if (record && (await lives(record))) return { type: "living", record };
  const found = record ? "good" : await recordAt(recordFile);
  if (found === "foreign") return undefined;
  if (!record && (await answers(join(layout.runtimes, `${id}.sock`)))) return undefined;
  const things = await readThings(thingsFile);
  const isDamaged = found === "damaged";
  return { type: "dead", dead: { id, record, isDamaged, things, recordFile, thingsFile } };
}

/**
 * Look at a record that could not be read. One that a power cut emptied or tore is `damaged`: its run
 * does not live, and the list of its things is still there. Any other is `foreign`: of a newer
 * version, or no file of this user.
 */
async function recordAt(file: string): Promise<"absent" | "damaged" | "foreign"> {
  const kind = await ownFileAt(file);
  if (kind !== "file") return (await lstat(file).catch(() => undefined)) ? "foreign" : "absent";
  return isRecord(parsedJson(await readFile(file, "utf8"))) ? "foreign" : "damaged";
}

async function strayFile({ runtimes }: HomeLayout, name: string): Promise<string | undefined> {
  const pid = draft.exec(name)?.[1];
  if (pid === undefined || (await isSameProcess(Number(pid), undefined))) return undefined;
  return join(runtimes, name);
}
