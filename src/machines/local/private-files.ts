import { access, chmod, constants, lstat, rm, unlink } from "node:fs/promises";
import { basename } from "node:path";
import { HomeError } from "../errors.ts";
import { makeFolder } from "./files.ts";

/** What kind of file of this user is there, links not followed; undefined for none, and for another user's. */
export async function ownFileAt(
  path: string,
): Promise<"socket" | "directory" | "file" | "other" | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || found.uid !== (process.getuid?.() ?? found.uid)) return undefined;
  if (found.isSocket()) return "socket";
  if (found.isDirectory()) return "directory";
  return found.isFile() ? "file" : "other";
}

/** Remove a socket of this user; anything else under that name stays. */
export async function removeOwnSocket(path: string): Promise<void> {
  if ((await ownFileAt(path)) === "socket") await unlinkIfThere(path);
}

/** Remove a file of this user; a link, a directory, or another user's file stays. */
export async function removeOwnFile(path: string): Promise<void> {
  if ((await ownFileAt(path)) === "file") await unlinkIfThere(path);
}

/** Tell whether a record may name this directory: one of ours says so in its name. */
export function isOurDirectory(path: string): boolean {
  return basename(path).startsWith("ramure-");
}

/** Remove a directory of ours with all that is in it; links in it are removed, not followed. */
export async function removeOwnDirectory(path: string): Promise<void> {
  if (!isOurDirectory(path) || (await ownFileAt(path)) !== "directory") return;
  await rm(path, { recursive: true, force: true });
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    const gone = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (!gone) throw error;
  });
}

const codes: ReadonlySet<unknown> = new Set(["ENOSPC", "EROFS", "EDQUOT", "EIO"]);

/** Find in an error, or in what caused it, that a disk is full, read-only or broken. */
export function diskProblemOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && codes.has(error.code)) return error;
  return diskProblemOf(error.cause);
}

/**
 * Make a directory for logs, for this user alone. Where its disk cannot be written it is left out: that
 * stops no run, and the journal says so and tries again.
 */
export async function logDirectory(path: string): Promise<void> {
  await privateDirectory(path).catch((error: unknown) => {
    if (diskProblemOf(error) === undefined) throw error;
  });
}

/** Make a directory that only this user can enter, or check that the existing one is. Throws HomeError. */
export async function privateDirectory(path: string): Promise<void> {
  await makeFolder(path, 0o700).catch((error: unknown) => {
    if (codeOf(error) === "EEXIST") return; // What it is instead is said below.
    throw new HomeError(path, `cannot be made (${messageOf(error)})`, error);
  });
  const found = await lstat(path);
  if (found.isSymbolicLink()) throw new HomeError(path, "is a symbolic link");
  if (!found.isDirectory()) throw new HomeError(path, "is not a directory");
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) {
    throw new HomeError(path, `belongs to user ${found.uid}, not to ${user}`);
  }
  if ((found.mode & 0o077) !== 0) await closeToOthers(path);
  await access(path, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw new HomeError(path, `cannot be written (${messageOf(error)})`, error);
  });
}

async function closeToOthers(path: string): Promise<void> {
  await chmod(path, 0o700).catch((error: unknown) => {
    throw new HomeError(path, `is open to other users (${messageOf(error)})`, error);
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
