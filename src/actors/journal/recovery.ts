import { constants, createReadStream } from "node:fs";
import { copyFile, truncate } from "node:fs/promises";
import { codeOf } from "../../errors.ts";
import { JournalCorruptError } from "./errors.ts";
import { oldFiles } from "./files.ts";
import { type Scan, scanLines } from "./scan.ts";

/** The content of a journal when it is opened, its torn tail cut. */
export interface Recovered {
  readonly lastSeq: number;
  /** The `seq` of the newest file's first line, and the size of that file. */
  readonly firstSeq: number;
  readonly size: number;
  /** Bytes of a torn tail that were cut. */
  readonly cutBytes: number;
}

/**
 * Find out what a journal holds: the longest valid prefix counts, and a torn tail is cut.
 *
 * Throws JournalCorruptError, with the damaged file copied aside and left as it is, when a bad
 * line has good ones after it or entries are missing.
 */
export async function recoverJournal(file: string): Promise<Recovered> {
  const scan = await scanFile(file);
  if (!scan) return { lastSeq: await lastSeqPutAside(file), firstSeq: 0, size: 0, cutBytes: 0 };
  if (scan.tornBytes > 0) await truncate(file, scan.validBytes);
  const lastSeq = scan.lastSeq === 0 ? await lastSeqPutAside(file) : scan.lastSeq;
  return { lastSeq, firstSeq: scan.firstSeq, size: scan.validBytes, cutBytes: scan.tornBytes };
}

async function lastSeqPutAside(file: string): Promise<number> {
  const newest = (await oldFiles(file)).at(-1);
  const scan = newest ? await scanFile(newest.file) : undefined;
  return scan?.lastSeq ?? 0;
}

async function scanFile(file: string): Promise<Scan | undefined> {
  try {
    const scan = await scanLines(createReadStream(file));
    if ("why" in scan) throw new JournalCorruptError(file, scan, await copyAside(file));
    return scan;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function copyAside(file: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const copy = `${file}.corrupt-${number}`;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
}
