import { constants, open } from "node:fs/promises";
import { dirname } from "node:path";
import { diskProblemOf, privateDirectory } from "../../machines/local/index.ts";
import type { Clock } from "../clock.ts";
import { printable, type Redaction } from "../data/index.ts";
import {
  JournalFile,
  type JournalFileParts,
  type LostEntries,
  type OpenHandle,
  openSynced,
  type RotationLimits,
  type WritableHandle,
} from "./file.ts";
import { encodeLine, type JournalEntry, type JournalRecord } from "./line.ts";
import { followJournal, type JournalReadOptions, readJournal } from "./reader.ts";
import { recoverJournal } from "./recovery.ts";
import { type JournalProblem, JournalWriter, type WriterLimits } from "./writer.ts";

export type { JournalEntry, JournalRecord } from "./line.ts";
export type { JournalProblem } from "./writer.ts";

/**
 * The journal of one run: everything that happened, in order, one JSON object a line.
 *
 * A file that cannot be written stops no run: what waits is kept in memory up to a limit and tried
 * again, what is left out beyond it is counted, and a `journal-gap` entry says so afterwards.
 */
export interface Journal {
  readonly file: string;
  /** The `seq` of the last record that was taken; 0 before the first. */
  readonly lastSeq: number;
  /** The reason why not everything is in the file at present. */
  readonly problem: JournalProblem | undefined;
  /**
   * Add a record: it is in the file within 50 ms. Never throws. After `close`, nothing.
   *
   * Where the disk cannot keep up, records are left out and counted, but none that is `promised`.
   */
  append(record: JournalRecord, options?: EntryOptions): void;
  /** Add a record that is promised, and `sync`. */
  commit(record: JournalRecord): Promise<void>;
  /**
   * Resolve when all that was added is on the disk. Never rejects: while the file cannot be written it
   * resolves without, and `problem` says so.
   */
  sync(): Promise<void>;
  /** Resolve when all that was added is in the file, or was tried. */
  flush(): Promise<void>;
  /** Read back from the file what was added so far, oldest first. */
  read(options?: JournalReadOptions): AsyncIterable<JournalEntry>;
  /** Read back and follow new entries, until the journal is closed or the signal aborts. */
  follow(options?: JournalFollowOptions): AsyncIterable<JournalEntry>;
  /** Write what waits and let go of the file. Doing it twice is harmless. */
  close(): Promise<void>;
}

export interface JournalFollowOptions extends JournalReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface EntryOptions {
  /** True for a record that a caller relies on: a message that was taken, a result, an outcome. Default: false. */
  readonly promised?: boolean | undefined;
}

export interface JournalLimits extends WriterLimits, RotationLimits {
  /** A line that would be longer says so instead of its data. */
  readonly maxLineBytes: number;
}

export interface JournalOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Default: 50 ms, 16 MiB of memory, 16 files of 64 MiB, lines of 1 MiB. */
  readonly limits?: Partial<JournalLimits> | undefined;
  /** Takes known secrets out of every record. Default: none are known. */
  readonly redaction?: Redaction | undefined;
  /** Called the first time that the file cannot be written, and when it was removed. Default: a line on stderr. */
  readonly onProblem?: ((problem: JournalProblem) => void) | undefined;
  /** Called with each record that was taken, before it is in the file. Default: not called. */
  readonly onRecord?: ((record: JournalRecord, seq: number) => void) | undefined;
  /** Opens the file for writing; for tests of disks that fail. */
  readonly openHandle?: OpenHandle | undefined;
}

/**
 * The memory and disk that a journal takes unless told otherwise: 16 MiB, and 16 files of 64 MiB.
 */
const journalLimits: JournalLimits = {
  flushMs: 50,
  flushBytes: 1024 * 1024,
  maxPendingBytes: 16 * 1024 * 1024,
  maxLineBytes: 1024 * 1024,
  retryMs: 1_000,
  maxFileBytes: 64 * 1024 * 1024,
  maxFiles: 16,
};

/**
 * Open a journal to add to it; one that is there already goes on after its last good entry.
 *
 * A torn tail is cut, and the next entry, `journal-cut`, says how much it was. On a disk that is full or
 * read-only the journal begins with that problem, and tries again. Rejects with JournalCorruptError when
 * the file is damaged otherwise, and with the error of the file system when it may not be opened. One writer at a time: nothing here keeps a second one out.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { file, openHandle = openForWriting } = options;
  const limits = { ...journalLimits, ...options.limits };
  const { lastSeq, firstSeq, size, cutBytes } = await recoverJournal(file);
  const handle = await openIfPossible(file, openHandle);
  const journal = new FileJournal({ ...options, limits, lastSeq }, (removed) => {
    return new JournalFile({ file, handle, open: openHandle, limits, size, firstSeq, removed });
  });
  if (cutBytes > 0) journal.append({ type: "journal-cut", path: "/", data: { bytes: cutBytes } });
  return journal;
}

interface FileJournalParts extends JournalOptions {
  readonly limits: JournalLimits;
  readonly lastSeq: number;
}

class FileJournal implements Journal {
  readonly file: string;
  lastSeq: number;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #redaction: Redaction | undefined;
  readonly #onProblem: (problem: JournalProblem) => void;
  readonly #onRecord: JournalOptions["onRecord"];
  readonly #journalFile: JournalFile;
  readonly #writer: JournalWriter;
  readonly #waiting = new Set<() => void>();
  #batches = 0;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #isEnded = false;
  #saidProblem = false;
  /** A file of this journal was removed: what stood in it stays lost. */
  #removed: JournalProblem | undefined;

  constructor(
    { file, clock, limits, redaction, onProblem, onRecord, lastSeq }: FileJournalParts,
    openFile: (removed: JournalFileParts["removed"]) => JournalFile,
  ) {
    this.file = file;
    this.lastSeq = lastSeq;
    this.#clock = clock;
    this.#maxBytes = limits.maxLineBytes;
    this.#redaction = redaction;
    this.#onRecord = onRecord;
    this.#onProblem =
      onProblem ?? ((problem) => console.error(printable(`ramure: ${problemText(file, problem)}`)));
    this.#journalFile = openFile((lost) => this.#lost(lost));
    this.#writer = new JournalWriter({
      file: this.#journalFile,
      clock,
      limits,
      events: {
        failing: (problem) => this.#sayOnce(problem),
        recovered: (problem) => this.append({ type: "journal-gap", path: "/", data: problem }),
        written: () => this.#wake(),
      },
    });
  }

  get problem(): JournalProblem | undefined {
    return this.#writer.problem ?? this.#removed;
  }

  append(record: JournalRecord, { promised = false }: EntryOptions = {}): void {
    if (this.#isClosed || !this.#writer.hasRoom({ promised })) return;
    this.lastSeq += 1;
    this.#writer.add(this.#line(record, this.lastSeq));
    this.#onRecord?.(record, this.lastSeq);
  }

  commit(record: JournalRecord): Promise<void> {
    this.append(record, { promised: true });
    return this.sync();
  }

  async sync(): Promise<void> {
    if (!this.#isClosed) await this.#writer.sync();
  }

  async flush(): Promise<void> {
    if (!this.#isClosed) await this.#writer.flush();
  }

  async *read(options?: JournalReadOptions): AsyncGenerator<JournalEntry> {
    await this.flush();
    if (this.#journalFile.exists) yield* readJournal(this.file, this.#placed(options));
  }

  async *follow({ from, signal }: JournalFollowOptions = {}): AsyncGenerator<JournalEntry> {
    let seen = this.#batches;
    await this.flush();
    const more = async (): Promise<boolean> => {
      if (seen === this.#batches) await this.#nextBatch(signal);
      if (signal?.aborted || seen === this.#batches) return false;
      seen = this.#batches;
      return true;
    };
    while (!this.#journalFile.exists) if (!(await more())) return;
    yield* followJournal(this.file, { ...this.#placed({ from }), more });
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  #placed(options: JournalReadOptions = {}): JournalReadOptions {
    const { from = 1, bookmark = { at: undefined } } = options;
    bookmark.at ??= this.#journalFile.landmarks.before(from);
    return { ...options, bookmark };
  }

  async #end(): Promise<void> {
    // What this writes may bring the note of a recovery.
    await this.#writer.flush();
    this.#isClosed = true;
    await this.#writer.close().finally(() => {
      this.#isEnded = true;
      this.#wakeAll();
    });
  }

  /** Say what is lost, and give the entry that says it to readers, in place of the last lost one. */
  #lost({ first, last }: LostEntries): string {
    const dropped = last - first + 1 + (this.#removed?.dropped ?? 0);
    const message = "it was removed, moved or replaced while the run goes on";
    this.#removed = { code: "removed", message, since: this.#clock.wallNow(), dropped };
    this.#onProblem(this.#removed);
    return this.#line({ type: "journal-gap", path: "/", data: this.#removed }, last);
  }

  #line(record: JournalRecord, seq: number): string {
    return encodeLine(record, {
      seq,
      at: record.at ?? this.#clock.wallNow(),
      maxBytes: this.#maxBytes,
      redaction: this.#redaction,
    });
  }

  #sayOnce(problem: JournalProblem): void {
    if (this.#saidProblem) return;
    this.#saidProblem = true;
    this.#onProblem(problem);
  }

  #wake(): void {
    this.#batches += 1;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolve at the next batch, at the end of the journal, or when the signal aborts. */
  #nextBatch(signal: AbortSignal | undefined): Promise<void> {
    if (this.#isEnded || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }
}

async function openIfPossible(
  file: string,
  openHandle: OpenHandle,
): Promise<WritableHandle | undefined> {
  try {
    return await openSynced(file, openHandle);
  } catch (error) {
    if (diskProblemOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Without a wait: a FIFO would hold a thread of the program for good. */
const writeFlags =
  constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Open the file. Its folder may be missing: the disk was full when it was to be made. */
async function openForWriting(file: string): Promise<WritableHandle> {
  await privateDirectory(dirname(file)).catch((error: unknown) => {
    throw diskProblemOf(error) ?? error;
  });
  const handle = await open(file, writeFlags, 0o600);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error(`${file} is no regular file`);
}

/** Say to a person what is wrong with a journal, and what to do. */
export function problemText(file: string, { code, message, dropped }: JournalProblem): string {
  if (code === "removed")
    return `${file} is not whole: ${message}. A new file has begun; ${dropped} records are gone.`;
  return `${file} cannot be written (${code}: ${message}). The run goes on; free the disk, and it is written again.`;
}
