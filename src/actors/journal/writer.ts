import type { Clock, ClockTimer } from "../clock.ts";
import type { JournalFile } from "./file.ts";

export interface WriterLimits {
  /** Telemetry reaches the file within this time. */
  readonly flushMs: number;
  /** Telemetry beyond this is written at once. */
  readonly flushBytes: number;
  /** While the file cannot be written, this much is kept in memory; what comes then is counted and left out. */
  readonly maxPendingBytes: number;
  /** The time between two tries at a file that could not be written, in ms. */
  readonly retryMs: number;
}

/** The reason why not everything is in the file, and since when. */
export interface JournalProblem {
  /** The file system's word, such as `ENOSPC`; `slow` when the disk only cannot keep up. */
  readonly code: string;
  readonly message: string;
  /** Wall-clock ms since 1970. */
  readonly since: number;
  /** Records that were left out since then. */
  readonly dropped: number;
}

export interface WriterEvents {
  /** A batch could not be written; said once until one can be. */
  failing(problem: JournalProblem): void;
  /** All that waited is in the file again. */
  recovered(problem: JournalProblem): void;
  /** A batch is in the file. */
  written(): void;
}

interface WriterParts {
  readonly file: JournalFile;
  readonly clock: Clock;
  readonly limits: WriterLimits;
  readonly events: WriterEvents;
}

interface Line {
  readonly text: string;
  readonly bytes: number;
  /** Called when the line is on the disk, where a caller waits for that. */
  readonly synced?: (() => void) | undefined;
}

/**
 * Writes lines in order, in batches: while one is on its way the next one gathers, and all that wait
 * in one batch share one `fdatasync`.
 */
export class JournalWriter {
  readonly #file: JournalFile;
  readonly #clock: Clock;
  readonly #limits: WriterLimits;
  readonly #events: WriterEvents;
  #pending: Line[] = [];
  #pendingBytes = 0;
  #timer: ClockTimer | undefined;
  #writing: Promise<void> | undefined;
  #problem: JournalProblem | undefined;
  #isFailing = false;

  constructor({ file, clock, limits, events }: WriterParts) {
    this.#file = file;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  get problem(): JournalProblem | undefined {
    return this.#problem;
  }

  /** Tell whether there is room for one more line. If not, the record counts as left out. */
  hasRoom({ promised }: { readonly promised: boolean }): boolean {
    if (this.#pendingBytes < this.#limits.maxPendingBytes) return true;
    if (promised && !this.#isFailing) return true;
    const problem = this.#problem ?? this.#problemOf("slow", "the disk cannot keep up");
    this.#problem = { ...problem, dropped: problem.dropped + 1 };
    return false;
  }

  /** Put a line in the queue; it is in the file soon. */
  add(text: string): void {
    this.#push({ text, bytes: Buffer.byteLength(text) });
    if (this.#pendingBytes >= this.#limits.flushBytes && !this.#isFailing) void this.#start();
    else this.#arm();
  }

  /** Resolves when all that is in the queue is on the disk, and at once while nothing can be written. */
  sync(): Promise<void> {
    if (this.#isFailing) return Promise.resolve();
    return new Promise((synced) => {
      this.#push({ text: "", bytes: 0, synced });
      void this.#start();
    });
  }

  /** Write all that waits; resolves when that was tried. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#pending.length > 0) await this.#start();
    // The note of a recovery comes while the batch before it is written.
    if (this.#pending.length > 0 && !this.#isFailing) await this.#start();
  }

  /** Write what can be written and let go of the file. */
  async close(): Promise<void> {
    await this.flush();
    this.#timer?.cancel();
    await this.#file.close();
  }

  #push(line: Line): void {
    this.#pending.push(line);
    this.#pendingBytes += line.bytes;
  }

  #arm(): void {
    if (this.#timer || this.#writing) return;
    const delayMs = this.#isFailing ? this.#limits.retryMs : this.#limits.flushMs;
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      void this.#start();
    });
  }

  #start(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing ??= this.#run().finally(() => {
      this.#writing = undefined;
      if (this.#isAwaited()) void this.#start();
      else if (this.#pending.length > 0) this.#arm();
    });
    return this.#writing;
  }

  /** Write one batch after the other, as long as a caller waits for one. */
  async #run(): Promise<void> {
    do {
      // All that was committed in this turn of the event loop goes together.
      await Promise.resolve();
      await this.#writeBatch();
    } while (this.#isAwaited());
  }

  #isAwaited(): boolean {
    return this.#pending.some(({ synced }) => synced !== undefined);
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    const sync = batch.some(({ synced }) => synced !== undefined);
    try {
      await this.#file.append(batch.map(({ text }) => text).join(""), { sync });
    } catch (error) {
      this.#failed(batch, error);
      return;
    }
    this.#pendingBytes -= sizeOf(batch);
    for (const { synced } of batch) synced?.();
    this.#events.written();
    this.#recover();
  }

  #recover(): void {
    const problem = this.#problem;
    this.#problem = undefined;
    this.#isFailing = false;
    if (problem) this.#events.recovered(problem);
  }

  /** Keep a batch that was not written, to be written again. Callers that wait for it continue without. */
  #failed(batch: readonly Line[], error: unknown): void {
    const lines = [...batch, ...this.#pending];
    this.#pending = lines.map(({ text, bytes }) => ({ text, bytes }));
    const isNew = !this.#isFailing;
    const { code, message } = factsOf(error);
    this.#problem ??= this.#problemOf(code, message);
    this.#isFailing = true;
    if (isNew) this.#events.failing(this.#problem);
    for (const { synced } of lines) synced?.();
  }

  #problemOf(code: string, message: string): JournalProblem {
    return { code, message, since: this.#clock.wallNow(), dropped: 0 };
  }
}

function factsOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  const message = error instanceof Error ? error.message : String(error);
  return { code, message: message.replace(`${code}: `, "") };
}

function sizeOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { bytes }) => sum + bytes, 0);
}
