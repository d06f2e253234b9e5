import { randomUUID } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../../errors.ts";

/** Write a file that is whole or not there, also after a power cut. A file of that name is replaced. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await writeSynced(draft, text);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(file);
}

/**
 * Make a file that nobody else has made. Of several callers at once, one alone gets true.
 *
 * The file is whole from its first moment. False: a file of that name is there, and stays as it is.
 */
export async function makeOnce(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await writeSynced(draft, text);
    await link(draft, file);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
  await syncFolder(file);
  return true;
}

/** Make sure that the folder knows the file after a power cut. */
export async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
