import { access, constants, lstat, rm, unlink } from "node:fs/promises";
import { basename } from "node:path";
import { codeOf, messageOf } from "../../errors.ts";
import { HomeError } from "../errors.ts";
import { makeFolder } from "./files.ts";

/**
 * Give the kind of this user's file at a path, links not followed; undefined for none, and for
 * another user's.
 */
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
    if (codeOf(error) !== "ENOENT") throw error;
  });
}

const codes: ReadonlySet<unknown> = new Set(["ENOSPC", "EROFS", "EDQUOT", "EIO"]);

/** Find in an error, or in what caused it, that a disk is full, read-only or broken. */
export function diskProblemOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && codes.has(error.code)) return error;
  return diskProblemOf(error.cause);
}

/** Makes the error for a directory that cannot be used. */
export type Refusal = (path: string, why: string, cause?: unknown) => Error;

const homeRefusal: Refusal = (path, why, cause) => new HomeError(path, why, cause);

/**
 * Make a directory for logs, for this user alone. Where its disk cannot be written it is left out: that
 * stops no run, and the journal says so and tries again.
 */
export async function logDirectory(path: string, refusal?: Refusal): Promise<void> {
  await privateDirectory(path, refusal).catch((error: unknown) => {
    if (diskProblemOf(error) === undefined) throw error;
  });
}

/**
 * Make a directory that only this user can enter, or check that the existing one is.
 *
 * The mode of a directory that stood there before is never changed: others may need it as it is.
 * Throws what `refusal` makes, a HomeError by default.
 */
export async function privateDirectory(
  path: string,
  refusal: Refusal = homeRefusal,
): Promise<void> {
  await makeFolder(path, 0o700).catch((error: unknown) => {
    if (codeOf(error) === "EEXIST") return; // What it is instead is said below.
    throw refusal(path, `cannot be made (${messageOf(error)})`, error);
  });
  const found = await lstat(path);
  if (found.isSymbolicLink()) throw refusal(path, "is a symbolic link");
  if (!found.isDirectory()) throw refusal(path, "is not a directory");
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) {
    throw refusal(path, `belongs to user ${found.uid}, not to ${user}`);
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o7777).toString(8).padStart(4, "0");
    throw refusal(
      path,
      `is open to other users (mode ${mode}); chmod 700 it if it is ramure's alone`,
    );
  }
  await access(path, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw refusal(path, `cannot be written (${messageOf(error)})`, error);
  });
}
