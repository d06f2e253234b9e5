import { readdir, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../errors.ts";
import { diskProblemOf } from "../../machines/local/index.ts";

/*
 * A journal is one file until that is full; then it is put aside under the `seq` of its first entry,
 * and a new one begins. `runtime.jsonl` is the newest, `runtime.000000000001.jsonl` the oldest, and
 * `jq . runtime.*.jsonl runtime.jsonl` reads all in order.
 */

/** A file of a journal that was put aside. */
export interface OldFile {
  readonly file: string;
  readonly firstSeq: number;
}

/** Name the file that `file` is put aside as. */
export function oldFileName(file: string, firstSeq: number): string {
  return `${stem(file)}.${String(firstSeq).padStart(12, "0")}.jsonl`;
}

/** Find what was put aside of the journal `file`, oldest first. */
export async function oldFiles(file: string): Promise<readonly OldFile[]> {
  const folder = dirname(file);
  const names = await readdir(folder).catch(noneWithoutFolder);
  const prefix = `${basename(stem(file))}.`;
  return names
    .filter(
      (name) => name.startsWith(prefix) && /^\d{12,16}\.jsonl$/.test(name.slice(prefix.length)),
    )
    .map((name) => ({
      file: join(folder, name),
      firstSeq: Number.parseInt(name.slice(prefix.length), 10),
    }))
    .sort((a, b) => a.firstSeq - b.firstSeq);
}

function noneWithoutFolder(error: unknown): readonly string[] {
  if (codeOf(error) === "ENOENT") return [];
  throw error;
}

function stem(file: string): string {
  return file.replace(/\.jsonl$/, "");
}

/**
 * Put all files of a journal under another name, so that a new one can begin: `runtime.jsonl` becomes
 * `runtime-{name}.jsonl`. A journal that is not there is no error.
 */
export async function setJournalAside(file: string, name: string): Promise<void> {
  const aside = `${stem(file)}-${name}.jsonl`;
  for (const { file: old, firstSeq } of await oldFiles(file)) {
    await rename(old, oldFileName(aside, firstSeq));
  }
  await rename(file, aside).catch((error: unknown) => {
    // A disk that cannot be written stops no run.
    if (codeOf(error) !== "ENOENT" && diskProblemOf(error) === undefined) throw error;
  });
}

/** Move what somebody put in the place of a journal's file out of the way. Whatever it is, it is not opened. */
export async function setReplacementAside(file: string, nextSeq: number): Promise<void> {
  await rename(file, `${stem(file)}.replaced-${nextSeq}.jsonl`).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
}
