import { constants, type FileHandle, open, stat } from "node:fs/promises";
import { codeOf } from "../../errors.ts";
import { JournalCorruptError } from "./errors.ts";
import type { Landmark } from "./file.ts";
import { oldFiles } from "./files.ts";
import { decodeLine, headBytes, headSeq, type JournalEntry, lineSeq } from "./line.ts";
import { type Damage, linesOf, type RawLine } from "./scan.ts";

export interface JournalReadOptions {
  /** The first `seq` to read. Default: 1. */
  readonly from?: number | undefined;
  /** Only entries of this path. Default: all. */
  readonly path?: string | undefined;
  /** The place to begin the search, at or before `from`; moved along to the last entry that was given. Default: the first line. */
  readonly bookmark?: Bookmark | undefined;
}

export interface Bookmark {
  at: Landmark | undefined;
}

export interface FollowOptions extends JournalReadOptions {
  /**
   * Called at the end of what is written; reading goes on when it resolves to true and ends when it
   * resolves to false. Poll or wait for a change: calls that find nothing new are harmless.
   */
  readonly more: () => Promise<boolean>;
}

/**
 * Read a journal, oldest entry first: of a run that has ended, or what one that lives has written so far.
 *
 * A torn last line is not an entry. Throws JournalCorruptError where a bad line has good ones after
 * it, having given all before it, and the error of the file system when there is no such file.
 */
export function readJournal(
  file: string,
  options?: JournalReadOptions,
): AsyncGenerator<JournalEntry> {
  return followJournal(file, { ...options, more: async () => false });
}

/** Read a journal and go on as it grows, across files that are put aside meanwhile. */
export async function* followJournal(
  file: string,
  { from = 1, path, bookmark = { at: undefined }, more }: FollowOptions,
): AsyncGenerator<JournalEntry> {
  const place: Place = { next: from, path, bookmark, expected: 0, doneOld: 0 };
  for (let going = true; going; ) {
    const part = await openPart(file, place);
    try {
      if (bookmark.at && place.expected === 0) await part.seek(bookmark.at);
      do {
        yield* part.entries(place);
        if (part.isNewest && (await isPutAside(file, part.handle))) {
          part.isNewest = false;
          yield* part.entries(place);
        }
        if (part.isNewest) going = await more();
      } while (going && part.isNewest);
      place.doneOld = part.firstSeq;
    } finally {
      await part.handle.close();
    }
  }
}

/** The place of a reader. */
interface Place {
  /** The first `seq` to give. */
  readonly next: number;
  /** The path of the entries to give; undefined for all. */
  readonly path: string | undefined;
  readonly bookmark: Bookmark;
  /** The `seq` that the next line must have; 0 before the first. */
  expected: number;
  /** The first `seq` of the last file that was read to its end. */
  doneOld: number;
}

/** One file of a journal, read from where the last look ended. */
class Part {
  readonly handle: FileHandle;
  readonly #file: string;
  isNewest: boolean;
  firstSeq = 0;
  #offset = 0;
  #line = 0;

  constructor(file: string, handle: FileHandle, isNewest: boolean) {
    this.#file = file;
    this.handle = handle;
    this.isNewest = isNewest;
  }

  async *entries(place: Place): AsyncGenerator<JournalEntry> {
    let bad: Damage | undefined;
    for await (const line of linesOf(chunksOf(this.handle, this.#offset), this.#offset)) {
      const seq = line.ended ? lineSeq(line.bytes) : undefined;
      if (seq === undefined) bad ??= this.#damage(line, "its checksum is wrong");
      else if (bad) throw new JournalCorruptError(this.#file, bad);
      else {
        if (this.#line > 0 || !isGap(line)) this.#check(line, seq, place);
        const entry = seq >= place.next ? this.#wanted(line, place) : undefined;
        if (entry) {
          place.bookmark.at = { seq, offset: line.offset, line: this.#line + 1 };
          yield entry;
        }
        this.#pass(line, seq, place);
      }
    }
    if (bad && !this.isNewest) throw new JournalCorruptError(this.#file, bad);
  }

  /** Begin at the landmark, if it stands in this file. */
  async seek({ seq, offset, line }: Landmark): Promise<void> {
    const head = Buffer.alloc(headBytes);
    const { bytesRead } = await this.handle.read(head, 0, headBytes, offset);
    if (headSeq(head.subarray(0, bytesRead)) !== seq) return;
    this.#offset = offset;
    this.#line = line - 1;
  }

  #check(line: RawLine, seq: number, place: Place): void {
    if (Number.isNaN(seq)) throw this.#corrupt(line, otherVersion);
    if (place.expected !== 0 && seq !== place.expected)
      throw this.#corrupt(line, `it does not follow entry ${place.expected - 1}`);
  }

  #wanted(line: RawLine, { path }: Place): JournalEntry | undefined {
    // Most lines of a large run are of others: they are not worth decoding.
    if (path !== undefined && !line.bytes.includes(path)) return undefined;
    const entry = decodeLine(line.bytes);
    if (!entry) throw this.#corrupt(line, otherVersion);
    return path === undefined || entry.path === path ? entry : undefined;
  }

  #pass(line: RawLine, seq: number, place: Place): void {
    this.firstSeq ||= seq;
    this.#offset = line.next;
    this.#line += 1;
    place.expected = seq + 1;
  }

  #corrupt(line: RawLine, why: string): JournalCorruptError {
    return new JournalCorruptError(this.#file, this.#damage(line, why));
  }

  #damage({ offset }: RawLine, why: string): Damage {
    return { line: this.#line + 1, offset, why };
  }
}

/** Without a wait: a FIFO in a journal's place would hold a thread of the program for good. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Open the reader's next file: the first old one that it has not read, or the newest. */
async function openPart(file: string, place: Place): Promise<Part> {
  for (let tries = 1; ; tries += 1) {
    const unread = (await oldFiles(file)).filter(({ firstSeq }) => firstSeq > place.doneOld);
    const old = unread.find((_, index) => (unread[index + 1]?.firstSeq ?? Infinity) > place.next);
    const path = old?.file ?? file;
    try {
      return new Part(path, await open(path, readFlags), old === undefined);
    } catch (error) {
      // The writer put the file aside, or removed the oldest, between the two looks.
      if (codeOf(error) !== "ENOENT" || tries === 5) throw error;
    }
  }
}

/** Tell whether a line stands for entries whose file is gone: what follows it need not follow what was read before. */
function isGap({ bytes }: RawLine): boolean {
  return bytes.includes('"type":"journal-gap"') && decodeLine(bytes)?.type === "journal-gap";
}

const otherVersion = "it is of another version";

async function* chunksOf(handle: FileHandle, start: number): AsyncGenerator<Buffer> {
  for (let position = start; ; ) {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

const chunkBytes = 64 * 1024;

async function isPutAside(file: string, handle: FileHandle): Promise<boolean> {
  try {
    const [named, held] = [await stat(file), await handle.stat()];
    return named.ino !== held.ino || named.dev !== held.dev;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true;
    throw error;
  }
}
