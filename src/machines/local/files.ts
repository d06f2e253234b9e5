import { chmod, mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { customAlphabet } from "nanoid";
import { MachineFileError } from "../errors.ts";
import { assertWord } from "../shell.ts";

const newId = customAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", 12);

/**
 * Write a whole file of this host: readers see the old content or the new, never a part.
 *
 * Makes missing folders. A symbolic link stays, and what it points to is written. Without a mode,
 * an existing file keeps its own.
 */
export async function writeHostFile(
  path: string,
  content: string | Uint8Array,
  mode?: number,
): Promise<void> {
  assertWord(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    const target = await followLink(path);
    await replace(target, content, mode ?? (await modeOf(target)));
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Read a whole file of this host. */
export async function readHostFile(path: string): Promise<Uint8Array> {
  assertWord(path);
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

async function replace(
  target: string,
  content: string | Uint8Array,
  mode: number | undefined,
): Promise<void> {
  const draft = join(dirname(target), `.ramure-${newId()}.tmp`);
  try {
    const file = await open(draft, "wx", mode ?? 0o666);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    if (mode !== undefined) await chmod(draft, mode); // The mode of `open` is cut by the umask.
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function followLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path;
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o7777;
  } catch {
    return undefined;
  }
}

function fileError(what: string, path: string, cause: unknown): MachineFileError {
  const { code } = cause as NodeJS.ErrnoException;
  return new MachineFileError(what, path, code ?? "unknown", { cause });
}
