import { type FileHandle, lstat, rename, rm } from "node:fs/promises";
import { syncFolder } from "../../machines/local/index.ts";
import { oldFileName, oldFiles, setReplacementAside } from "./files.ts";
import { headBytes, headSeq } from "./line.ts";

/** The part of a file handle that the journal uses. */
export type WritableHandle = Pick<FileHandle, "write" | "datasync" | "stat" | "close">;

/** Opens a file for writing at any place in it, and makes it if it is not there. */
export type OpenHandle = (file: string) => Promise<WritableHandle>;

export interface RotationLimits {
  /** A file that has grown to this is put aside. */
  readonly maxFileBytes: number;
  /** With more files than this, the oldest is removed. */
  readonly maxFiles: number;
}

/** The entries of a file that is gone, by their `seq`. */
export interface LostEntries {
  readonly first: number;
  readonly last: number;
}

export interface JournalFileParts {
  readonly file: string;
  /** Undefined: it could not be opened so far. */
  readonly handle: WritableHandle | undefined;
  readonly open: OpenHandle;
  readonly limits: RotationLimits;
  /** The size of the good part of the file, in bytes. */
  readonly size: number;
  /** The `seq` of its first line; 0 while it has none. */
  readonly firstSeq: number;
  /** Called with the lost entries when somebody removed the file; gives the line that records the loss. */
  readonly removed: (lost: LostEntries) => string;
}

/** The newest file of a journal. What was not written whole is written again at the same place. */
export class JournalFile {
  readonly file: string;
  readonly landmarks: Landmarks = new Landmarks();
  readonly #open: OpenHandle;
  readonly #limits: RotationLimits;
  readonly #removed: (lost: LostEntries) => string;
  #handle: WritableHandle | undefined;
  /** The inode at the file's name when the file was opened; undefined: nobody has looked yet. */
  #inode: number | undefined;
  #size: number;
  #firstSeq: number;
  /** The line that says what was lost, until it is written. It has the `seq` of the last lost entry. */
  #gap = "";

  constructor({ file, handle, open, limits, size, firstSeq, removed }: JournalFileParts) {
    this.file = file;
    this.#handle = handle;
    this.#open = open;
    this.#limits = limits;
    this.#size = size;
    this.#firstSeq = firstSeq;
    this.#removed = removed;
  }

  /** There is a file. While there is none, the disk could not be written from the start. */
  get exists(): boolean {
    return this.#handle !== undefined;
  }

  /** Write whole lines at the end; with `sync`, resolves when they are on the disk. */
  async append(lines: string, { sync }: { readonly sync: boolean }): Promise<void> {
    await this.#letGoIfRemoved(lines);
    if (this.#size >= this.#limits.maxFileBytes) await this.#putAside();
    const handle = this.#handle ?? (await this.#begin());
    const bytes = Buffer.from(this.#gap + lines);
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(
        bytes,
        done,
        bytes.length - done,
        this.#size + done,
      );
      done += bytesWritten;
    }
    if (sync) await handle.datasync();
    const seq = headSeq(bytes) ?? 0;
    this.#firstSeq ||= seq;
    this.landmarks.add({ seq, offset: this.#size, line: seq - this.#firstSeq + 1 });
    this.#size += bytes.length;
    this.#gap = "";
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }

  /** Let go of a file that its name no longer stands for: nobody would find what is written there. */
  async #letGoIfRemoved(lines: string): Promise<void> {
    const next = headSeq(Buffer.from(lines.slice(0, headBytes)));
    if (this.#handle === undefined || next === undefined) return;
    const named = await inodeOf(this.file);
    this.#inode ??= named;
    if (named === this.#inode && (await this.#handle.stat()).nlink > 0) return;
    const lost = { first: this.#firstSeq, last: next - 1 };
    await this.#handle.close();
    this.#handle = undefined;
    this.#size = 0;
    this.#firstSeq = 0;
    this.landmarks.forgetBefore(next);
    await setReplacementAside(this.file, next);
    if (lost.first > 0) this.#gap = this.#removed(lost);
  }

  async #begin(): Promise<WritableHandle> {
    this.#handle = await openSynced(this.file, this.#open);
    this.#inode = await inodeOf(this.file);
    return this.#handle;
  }

  async #putAside(): Promise<void> {
    const old = oldFileName(this.file, this.#firstSeq);
    await this.#handle?.datasync();
    await rename(this.file, old);
    const next = await this.#openNext(old);
    const full = this.#handle;
    this.#handle = next;
    this.#inode = await inodeOf(this.file);
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

async function inodeOf(file: string): Promise<number | undefined> {
  return (await lstat(file).catch(() => undefined))?.ino;
}

/** Open a file for writing, and make sure that its folder knows it after a power cut. */
export async function openSynced(file: string, openHandle: OpenHandle): Promise<WritableHandle> {
  const handle = await openHandle(file);
  await syncFolder(file);
  return handle;
}

/**
 * The place of an entry in its file. The file may have been put aside since: look whether the entry
 * stands there.
 */
export interface Landmark {
  readonly seq: number;
  readonly offset: number;
  /** The line of the entry, from 1. */
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
