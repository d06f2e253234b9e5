import { InvalidNameError, SocketPathTooLongError, UnsafeWordError } from "../../errors.ts";
import { assertWord, quote } from "../shell.ts";

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

/** Refuse what tmux would change, match loosely or run in the name of a session, buffer or channel. */
export function assertName(what: string, name: string): string {
  if (!namePattern.test(name)) throw new InvalidNameError(what, name);
  return name;
}

/** Escape a path for where tmux expands formats. Refuses `#(`, which would run, and `#[`, which no escape carries. */
export function formatPath(path: string): string {
  assertWord(path);
  if (/#[([]/.test(path)) {
    throw new UnsafeWordError(path, "tmux would read the # in it; choose a path without it");
  }
  return path.replaceAll("#", "##");
}

/** Make the shell line of `pipe-pane`, where tmux expands times as well as formats. */
export function appendLine(path: string): string {
  return `umask 077; exec cat >> ${quote(formatPath(path)).replaceAll("%", "%%")}`;
}

/** Keep tmux from taking the `;` at the end of a word for the end of the command. */
export function literal(word: string): string {
  assertWord(word);
  return word.endsWith(";") ? `${word.slice(0, -1)}\\;` : word;
}

/** The longest path a Unix socket can have on every system of ours: what is over it is cut silently. */
const maxSocketPathBytes = 107;

/** Refuse a socket path that the system would cut. */
export function assertSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxSocketPathBytes) throw new SocketPathTooLongError(path, bytes, maxSocketPathBytes);
}
