import { SocketPathTooLongError, unsafeWord } from "./errors.ts";
import type { Argv } from "./machine.ts";

const plain = /^[A-Za-z0-9_@%+:,./-]+$/;
const reserved = new Set(
  "case coproc do done elif else esac fi for function if in select then time until while".split(
    " ",
  ),
);

/**
 * Quote one word for a POSIX shell, so that it arrives as it is.
 *
 * Throws MisuseError (`unsafe-word`) for what no argument can carry: a NUL, half of a surrogate pair.
 */
export function quote(word: string): string {
  assertWord(word);
  if (plain.test(word) && !reserved.has(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Make the line that a POSIX shell reads as exactly these words, whatever is in them. */
export function shellLine(words: Argv): string {
  return words.map(quote).join(" ");
}

/** Refuse what would arrive cut or changed as an argument, in whichever way it travels. */
export function assertWord(word: string): void {
  if (word.includes("\0")) throw unsafeWord(word, "it contains a NUL character");
  if (/\p{Surrogate}/u.test(word)) {
    throw unsafeWord(word, "it contains half of a surrogate pair, which UTF-8 cannot carry");
  }
}

/** The most bytes that a Unix socket's path may have, on Linux; macOS allows 103. What is over it is cut silently. */
export const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/** Refuse a socket path that the system would cut. */
export function assertSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxSocketPathBytes) throw new SocketPathTooLongError(path, bytes, maxSocketPathBytes);
}
