import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { oldFileName, oldFiles } from "./files.ts";
import { headSeq } from "./line.ts";

/** What of a file handle the journal uses. */
export type WritableHandle = Pick<FileHandle, "write" | "datasync" | "close">;

/** Opens a file for writing at any place in it, and makes it if it is not there. */
export type OpenHandle = (file: string) => Promise<WritableHandle>;

export interface RotationLimits {
  /** A file that has grown to this is put aside. */
  readonly maxFileBytes: number;
  /** With more files than this, the oldest is removed. */
  readonly maxFiles: number;
}

export interface JournalFileParts {
  readonly file: string;
  /** Undefined: it could not be opened so far. */
  readonly handle: WritableHandle | undefined;
  readonly open: OpenHandle;
  readonly limits: RotationLimits;
  /** How much of the file is good. */
  readonly size: number;
  /** The `seq` of its first line; 0 while it has none. */
  readonly firstSeq: number;
}

/** The newest file of a journal. What was not written whole is written again at the same place. */
export class JournalFile {
  readonly file: string;
  readonly landmarks: Landmarks = new Landmarks();
  readonly #open: OpenHandle;
  readonly #limits: RotationLimits;
  #handle: WritableHandle | undefined;
  #size: number;
  #firstSeq: number;

  constructor({ file, handle, open, limits, size, firstSeq }: JournalFileParts) {
    this.file = file;
    this.#handle = handle;
    this.#open = open;
    this.#limits = limits;
    this.#size = size;
    this.#firstSeq = firstSeq;
  }

  /** There is a file. While there is none, the disk could not be written from the start. */
  get exists(): boolean {
    return this.#handle !== undefined;
  }

  /** Write whole lines at the end; with `sync`, resolves when they are on the disk. */
  async append(lines: string, { sync }: { readonly sync: boolean }): Promise<void> {
    if (this.#size >= this.#limits.maxFileBytes) await this.#putAside();
    this.#handle ??= await openSynced(this.file, this.#open);
    const bytes = Buffer.from(lines);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        done,
        bytes.length - done,
        this.#size + done,
      );
      done += bytesWritten;
    }
    if (sync) await this.#handle.datasync();
    const seq = headSeq(bytes) ?? 0;
    this.#firstSeq ||= seq;
    this.landmarks.add({ seq, offset: this.#size, line: seq - this.#firstSeq + 1 });
    this.#size += bytes.length;
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  async #putAside(): Promise<void> {
    const old = oldFileName(this.file, this.#firstSeq);
    await this.#handle?.datasync();
    await rename(this.file, old);
    const next = await this.#openNext(old);
    const full = this.#handle;
    this.#handle = next;
    this.#size = 0;
    this.#firstSeq = 0;
    await full?.close();
    await this.#removeOldest();
  }

  async #openNext(old: string): Promise<WritableHandle> {
    try {
      return await openSynced(this.file, this.#open);
    } catch (error) {
      await rename(old, this.file);
      throw error;
    }
  }

  async #removeOldest(): Promise<void> {
    const old = await oldFiles(this.file);
    const surplus = old.length + 1 - this.#limits.maxFiles;
    for (const { file } of old.slice(0, Math.max(0, surplus))) await rm(file, { force: true });
    const oldest = old[Math.max(0, surplus)];
    if (oldest) this.landmarks.forgetBefore(oldest.firstSeq);
  }
}

/** Open a file for writing, and make sure that its folder knows it after a power cut. */
export async function openSynced(file: string, openHandle: OpenHandle): Promise<WritableHandle> {
  const handle = await openHandle(file);
  await syncFolder(file);
  return handle;
}

/** Make sure that the folder knows the file after a power cut. */
export async function syncFolder(file: string): Promise<void> {
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Where in its file an entry begins. A file may have been put aside since: look whether it stands there. */
export interface Landmark {
  readonly seq: number;
  readonly offset: number;
  /** Its line, from 1. */
  readonly line: number;
}

const apartBytes = 256 * 1024;

/** Places in a journal that a reader may begin at, so that it need not read from the first line. */
export class Landmarks {
  #all: Landmark[] = [];

  /** Note where a batch begins; those too near to the last one are left out. */
  add(landmark: Landmark): void {
    const last = this.#all.at(-1);
    const isNear =
      last !== undefined &&
      last.offset <= landmark.offset &&
      landmark.offset < last.offset + apartBytes;
    if (!isNear && landmark.seq > 0) this.#all.push(landmark);
  }

  /** Forget what lies before this entry: its file is gone. */
  forgetBefore(seq: number): void {
    this.#all = this.#all.filter((landmark) => landmark.seq >= seq);
  }

  /** The last one that is not after this entry. */
  before(seq: number): Landmark | undefined {
    return this.#all.findLast((landmark) => landmark.seq <= seq);
  }
}
