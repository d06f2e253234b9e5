import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Put the files of a fresh build in the place of those in `folder`, each by one rename, then remove what
 * the fresh build does not have. Both lie on one filesystem. A program that runs from `folder` finds each
 * of its files at every moment.
 *
 * What lies below `keep` is left alone: suites that run put the programs there that they start.
 */
export async function swapIn(fresh: string, folder: string, keep = "test"): Promise<void> {
  const files = await filesIn(fresh);
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await rename(join(fresh, file), join(folder, file));
  }
  const made = new Set(files);
  const stale = (await filesIn(folder)).filter(
    (file) => !made.has(file) && !file.startsWith(`${keep}/`),
  );
  for (const file of stale) await rm(join(folder, file), { force: true });
  await rm(fresh, { recursive: true, force: true });
}

/** List the files below a folder, by their paths in it. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
