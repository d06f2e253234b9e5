import type { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pause } from "./clock.ts";

/** What comes out of one pipe of a command: the first `limit` bytes are kept, the rest is counted. */
export class OutputBuffer {
  /** Resolves when the pipe has ended; never rejects. */
  readonly ended: Promise<void>;
  readonly #stream: Readable;
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #seen = 0;

  constructor(stream: Readable, limit: number) {
    this.#stream = stream;
    this.#limit = limit;
    this.ended = new Promise((resolve) => {
      for (const end of ["end", "close", "error"]) stream.once(end, () => resolve());
    });
    stream.on("data", (chunk: Buffer) => this.#push(chunk));
  }

  /** Bytes that came in, kept or not. */
  get seen(): number {
    return this.#seen;
  }

  /** Bytes that came in and were not kept. */
  get dropped(): number {
    return this.#seen - this.#kept;
  }

  /** What was kept, read as UTF-8. */
  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  /** Let go of a pipe that something else still writes to: it is read, so that nobody blocks, but no longer waited for. */
  detach(): void {
    if ("unref" in this.#stream && typeof this.#stream.unref === "function") this.#stream.unref();
  }

  /** Close our end; who still writes to it gets SIGPIPE. */
  destroy(): void {
    this.#stream.destroy();
  }

  #push(chunk: Buffer): void {
    this.#seen += chunk.length;
    const part = chunk.subarray(0, this.#limit - this.#kept);
    if (part.length === 0) return;
    this.#chunks.push(part);
    this.#kept += part.length;
  }
}

/**
 * Wait until pipes have ended whose command has: what it wrote last is still on its way.
 *
 * Something it left in the background may hold them open for good. So pipes that stay silent for
 * a moment are waited for no longer, nor any for more than two seconds. Tells whether all ended.
 */
export async function drained(outputs: readonly OutputBuffer[]): Promise<boolean> {
  const over = new AbortController();
  void Promise.all(outputs.map(({ ended }) => ended)).then(() => over.abort());
  for (let seen = -1, round = 0; round < maxRounds && seen !== total(outputs); round += 1) {
    seen = total(outputs);
    await pause(quietMs, over.signal);
    await nextTurn(); // A busy loop may be late: let it read before it is called silent.
    if (over.signal.aborted) return true;
  }
  return false;
}

const quietMs = 250;
const maxRounds = 8;

function total(outputs: readonly OutputBuffer[]): number {
  return outputs.reduce((sum, { seen }) => sum + seen, 0);
}
