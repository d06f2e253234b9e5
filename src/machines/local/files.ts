import { constants } from "node:fs";
import {
  chmod,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { codeOf } from "../../errors.ts";
import { idsOf } from "../../ids.ts";
import { MachineFileError } from "../errors.ts";
import type { ReadOptions, WriteOptions } from "../machine.ts";
import { assertWord } from "../shell.ts";

const newId = idsOf(12);

/** The most that one Buffer of every supported Node can hold. */
const largestFile = 2 ** 31 - 1;

/** `O_NONBLOCK`: opening a FIFO that nobody writes to would hold a thread of this program for good. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Read a whole regular file of this host.
 *
 * All checks look at the open file and not at its name, so another process gains nothing by
 * exchanging what the name stands for. A FIFO, a device or a socket is refused without waiting.
 */
export async function readHostFile(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  assertWord(path);
  try {
    const link = options.within === undefined ? 0 : constants.O_NOFOLLOW;
    const file = await open(path, readFlags | link);
    try {
      if (options.within !== undefined) await assertWithin(file, path, options.within);
      return await readWhole(file, Math.min(options.maxBytes ?? largestFile, largestFile));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/**
 * Write a whole file of this host: readers see the old content or the new, never a part.
 *
 * Makes missing folders. A symbolic link stays, and what it points to is written. Without a mode,
 * an existing file keeps its own. With `within`, no link is followed on the way below that folder,
 * and a link under the file's own name is replaced.
 */
export async function writeHostFile(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  assertWord(path);
  try {
    if (options.within !== undefined) {
      await writeWithin(path, content, { ...options, within: options.within });
      return;
    }
    await makeFolder(dirname(path));
    const target = await followLink(path);
    await replace(target, content, options.mode ?? (await modeOf(target)));
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Make a folder and those above it. A folder that exists stays as it is. */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  // Node's own recursive `mkdir` never ends where a file system says ENOENT below an existing folder.
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (await isFolder(path)) return;
    if (codeOf(error) !== "ENOENT" || dirname(path) === path) throw error;
    // Another maker of the same path may have been there meanwhile; the second mkdir decides.
    if (!(await isFolder(dirname(path)))) await makeFolder(dirname(path), mode);
    await mkdir(path, { mode }).catch(async (again: unknown) => {
      if (!(await isFolder(path))) throw again;
    });
  }
}

async function readWhole(file: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const found = await file.stat();
  if (found.isDirectory()) throw new UnusableFile("EISDIR");
  if (!found.isFile()) throw new UnusableFile("not a regular file");
  if (found.size > maxBytes) throw tooLarge(maxBytes);
  // One byte more than expected, so that a file that grows meanwhile is noticed.
  let buffer = Buffer.allocUnsafe(Math.min(Math.max(found.size + 1, 4_096), maxBytes + 1));
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      if (length > maxBytes) throw tooLarge(maxBytes);
      const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, maxBytes + 1));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > maxBytes) throw tooLarge(maxBytes);
  return buffer.subarray(0, length);
}

function tooLarge(maxBytes: number): UnusableFile {
  return new UnusableFile(`larger than ${maxBytes} bytes`);
}

/** Refuse an open file that does not really lie below a folder. */
async function assertWithin(file: FileHandle, path: string, within: string): Promise<void> {
  const root = await realpath(within);
  if (!isBelow(root, await placeOf(file, path))) throw outside(within);
}

/** Find the real path of an open file. Without `/proc`, its name must still stand for it. */
async function placeOf(file: FileHandle, path: string): Promise<string> {
  const link = await readlink(`/proc/self/fd/${file.fd}`).catch(() => undefined);
  if (link !== undefined) return link;
  const place = await realpath(path);
  const [named, opened] = [await lstat(place), await file.stat()];
  if (named.ino !== opened.ino || named.dev !== opened.dev)
    throw new UnusableFile("it was exchanged");
  return place;
}

function isBelow(root: string, place: string): boolean {
  return place.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function outside(within: string): UnusableFile {
  return new UnusableFile(`a link leads out of ${within}`);
}

interface WithinOptions extends WriteOptions {
  readonly within: string;
}

async function writeWithin(
  path: string,
  content: string | Uint8Array,
  { within, mode }: WithinOptions,
): Promise<void> {
  const way = relative(resolve(within), resolve(path));
  if (way === "" || way.split(sep)[0] === "..") throw outside(within);
  const root = await open(await realpath(within), folderFlags);
  const folder = await enterFolders(root, dirname(way), within);
  try {
    const place = await anchorOf(folder, resolve(dirname(path)));
    const target = join(place, basename(way));
    const found = await lstat(target).catch(() => undefined);
    if (found?.isDirectory()) throw new UnusableFile("EISDIR");
    const kept = found?.isFile() ? found.mode & 0o7777 : undefined;
    await replace(target, content, mode ?? kept);
  } finally {
    await folder.close();
  }
}

/** Open one folder after the other, making those that are missing. Closes all but the last. */
async function enterFolders(root: FileHandle, way: string, within: string): Promise<FileHandle> {
  let folder = root;
  try {
    let named = resolve(within);
    for (const name of way === "." ? [] : way.split(sep)) {
      const next = join(await anchorOf(folder, named), name);
      await mkdir(next).catch((error: unknown) => {
        if (codeOf(error) !== "EEXIST") throw error;
      });
      const entered = await open(next, folderFlags).catch(async (error: unknown) => {
        const isLink = (await lstat(next).catch(() => undefined))?.isSymbolicLink();
        throw isLink ? outside(within) : error;
      });
      await folder.close();
      folder = entered;
      named = join(named, name);
    }
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** A path to an open folder that stays right when its name is exchanged; without `/proc`, its name. */
async function anchorOf(folder: FileHandle, named: string): Promise<string> {
  const anchor = `/proc/self/fd/${folder.fd}`;
  return (await isFolder(anchor)) ? anchor : named;
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

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** A file that can be opened and must not be used. */
class UnusableFile extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

function fileError(what: string, path: string, cause: unknown): MachineFileError {
  const code = String(codeOf(cause) ?? "unknown");
  return new MachineFileError(what, path, code, { cause });
}
