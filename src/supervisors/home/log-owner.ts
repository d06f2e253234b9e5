import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../errors.ts";
import {
  diskProblemOf,
  logDirectory,
  makeOnce,
  readHostFile,
  writeWhole,
} from "../../machines/local/index.ts";
import { LogDirectoryError } from "./errors.ts";
import { isOfThisHost, lives, parseRecord, type RunRecord } from "./run-record.ts";

/*
 * `owner.1`, `owner.2`, … in a log directory: the record of each run that had it, in order. The
 * highest number is the owner. A file is made by `link`, so that of two runs that want the same number one
 * gets it; it stays when its run ends, and says so.
 */

/** The rights of a run over the log directory that is its own. */
export interface OwnedLogDirectory {
  /** The id of the run that had the directory before; undefined for the first, and for the same run. */
  readonly earlier: string | undefined;
  /** Give the directory back. Never rejects. */
  release(endedAt: number): Promise<void>;
}

interface Holder {
  readonly term: number;
  /** Undefined when the file cannot be read. */
  readonly record: RunRecord | undefined;
  readonly hasEnded: boolean;
}

/**
 * Make the log directory of a run and take it, for this run alone.
 *
 * Throws LogDirectoryError when a live run has it, or when it cannot be used. A disk that cannot be
 * written stops no run: then nobody owns the directory, and the journal says what is wrong.
 */
export async function takeLogDirectory(record: RunRecord): Promise<OwnedLogDirectory> {
  const { logDir } = record;
  await logDirectory(logDir, (path, why, cause) => new LogDirectoryError(path, why, cause));
  try {
    return await take(record);
  } catch (error) {
    if (diskProblemOf(error) === undefined && codeOf(error) !== "ENOENT") throw error;
    return { earlier: undefined, release: async () => {} };
  }
}

async function take(record: RunRecord): Promise<OwnedLogDirectory> {
  const { logDir, id } = record;
  for (;;) {
    const holder = await holderOf(logDir);
    if (holder) await refuseLive(logDir, holder);
    const term = (holder?.term ?? 0) + 1;
    const file = fileOf(logDir, term);
    if (!(await makeOnce(file, textOf(record)))) continue;
    // A faster run may have taken a higher number and removed the one that was seen here.
    const terms = await termsIn(logDir);
    if (terms.some((other) => other > term)) {
      await rm(file, { force: true });
      continue;
    }
    for (const old of terms) if (old < term) await rm(fileOf(logDir, old), { force: true });
    const earlier = holder?.record?.id;
    return {
      earlier: earlier === id ? undefined : earlier,
      release: (endedAt) => writeWhole(file, textOf(record, endedAt)).catch(() => {}),
    };
  }
}

async function refuseLive(logDir: string, { term, record, hasEnded }: Holder): Promise<void> {
  if (record === undefined || hasEnded) return;
  const since = new Date(record.startedAt).toISOString();
  const holder = `run ${record.id} of ${record.program} (pid ${record.pid} on ${record.host ?? "this host"}, since ${since})`;
  if (!isOfThisHost(record)) {
    throw new LogDirectoryError(
      logDir,
      `belongs to ${holder}; remove ${fileOf(logDir, term)} if that run is over`,
    );
  }
  if (await lives(record)) {
    throw new LogDirectoryError(logDir, `is the log directory of a live run: ${holder}`);
  }
}

async function holderOf(logDir: string): Promise<Holder | undefined> {
  const term = Math.max(0, ...(await termsIn(logDir)));
  if (term === 0) return undefined;
  try {
    const value: unknown = JSON.parse(await ownerText(fileOf(logDir, term)));
    const hasEnded = typeof value === "object" && value !== null && "endedAt" in value;
    return { term, record: parseRecord(value), hasEnded };
  } catch {
    return { term, record: undefined, hasEnded: false };
  }
}

/** Agents may reach the directory: what is no regular file, or too large for a record, is not read. */
async function ownerText(file: string): Promise<string> {
  return new TextDecoder().decode(await readHostFile(file, { maxBytes: 65_536 }));
}

async function termsIn(logDir: string): Promise<readonly number[]> {
  const names = await readdir(logDir);
  return names.flatMap((name) => Number(/^owner\.([1-9]\d{0,14})$/.exec(name)?.[1] ?? []));
}

function fileOf(logDir: string, term: number): string {
  return join(logDir, `owner.${term}`);
}

function textOf(record: RunRecord, endedAt?: number): string {
  return `${JSON.stringify({ ...record, endedAt })}\n`;
}
