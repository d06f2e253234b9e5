import { lstat, rm, unlink } from "node:fs/promises";
import { basename } from "node:path";

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
