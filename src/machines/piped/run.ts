import { PassThrough, type Readable, type Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { idsOf } from "../../ids.ts";
import { callAfter, pause } from "../local/index.ts";
import type { Pipe } from "./pipe.ts";
import { type RunnerEnd, type RunRequest, runnerScript, TrailerScanner } from "./runner.ts";

/** Make the mark of one command. It never occurs in what a command writes. */
export const newNonce = idsOf(24);

export interface RunOptions {
  readonly request: RunRequest;
  readonly input?: string | Uint8Array | undefined;
  readonly maxOutputBytes: number;
  /** Standard output and input are streamed, not collected. */
  readonly stream?: boolean | undefined;
}

export interface RawResult {
  readonly end:
    | Exclude<RunnerEnd, { readonly type: "no-directory" }>
    | { readonly type: "no-directory" };
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: boolean;
}

/** The way to a machine closed before the command's end was told. */
export class LostWay extends Error {
  constructor(
    readonly how: string,
    readonly said: string,
  ) {
    super(said.trim() === "" ? how : `${how}: ${said.trim()}`);
  }
}

/** A command on its way: how it ends, and its streams where they were asked for. */
export interface PipedRun {
  /** Rejects with LostWay. */
  readonly result: Promise<RawResult>;
  readonly input: Writable;
  /** The standard output, when it is streamed. */
  readonly output: Readable;
  /** Settles when nothing is left of the way, which may be later: the background may hold it open. */
  readonly closed: Promise<unknown>;
  close(): void;
}

/**
 * The time that the stream may stay silent after a command's end, before it is left to the
 * background, in ms.
 */
const quietMs = 250;
/** The delay after a time limit in which the machine may say that it is over, in ms. */
const overdueMs = 5_000;

/** Send a command through a pipe and collect what comes back. */
export function startPipedRun(pipe: Pipe, options: RunOptions): PipedRun {
  const { request, input, maxOutputBytes } = options;
  const output = new PassThrough();
  const stdout = new Collected(
    pipe.output,
    request.nonce,
    options.stream ? output : maxOutputBytes,
  );
  const stderr = new Collected(pipe.errors, request.nonce, maxOutputBytes);
  pipe.input.on("error", () => {}); // The way is lost, or the command does not read: the end says so.
  pipe.input.write(`${runnerScript(request)}\0`);
  if (!options.stream) pipe.input.end(input ?? "");
  const settle = async (): Promise<RawResult> => {
    const both = Promise.all([stdout.ended, stderr.ended]);
    const overdue = new Promise<string>((resolve) => {
      const { timeoutMs = 0 } = request;
      const late = timeoutMs > 0 ? timeoutMs + overdueMs : 0;
      const callOff = callAfter(late, () => resolve(`no answer after ${late / 1_000} s`));
      void Promise.race([both, pipe.closed]).finally(callOff);
    });
    const lost = await Promise.race([both.then(() => undefined), pipe.closed, overdue]);
    if (lost !== undefined) await drained([stdout, stderr]);
    if (options.stream) output.end();
    const end = stdout.scanner.end ?? stderr.scanner.end;
    if (end === undefined || !(stdout.scanner.end && stderr.scanner.end)) {
      pipe.close();
      const said = stderr.scanner.preamble || stderr.text().toString("utf8");
      const how = lost ?? (await Promise.race([pipe.closed, pause(quietMs)])) ?? "it closed";
      throw new LostWay(how, said);
    }
    pipe.input.end();
    const over = new AbortController();
    void pipe.closed.then(() => over.abort());
    await pause(quietMs, over.signal);
    if (!over.signal.aborted) pipe.unref();
    return {
      end,
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.dropped > 0 || stderr.dropped > 0,
    };
  };
  const result = settle();
  result.catch(() => {});
  return { result, input: pipe.input, output, closed: pipe.closed, close: () => pipe.close() };
}

/**
 * Wait for what was sent before the way closed: it may still be in buffers of the system or of ours.
 *
 * Something in the background may hold the outputs open for good, so silence ends the wait. An output
 * that its reader holds back is not silent.
 */
async function drained(outputs: readonly Collected[]): Promise<void> {
  const over = new AbortController();
  void Promise.all(outputs.map(({ ended }) => ended)).then(() => over.abort());
  const seen = () => outputs.reduce((sum, output) => sum + output.seen, 0);
  for (let before = -1, round = 0; round < maxRounds && before !== seen(); round += 1) {
    before = seen();
    await pause(quietMs, over.signal);
    await nextTurn(); // A busy loop may be late: let it read before the outputs are called silent.
    if (over.signal.aborted) return;
    if (outputs.some(({ heldBack }) => heldBack)) [before, round] = [-1, 0];
  }
}

const maxRounds = 8;

/** One output of the runner: kept up to a bound, or passed on. */
class Collected {
  readonly scanner: TrailerScanner;
  /** Resolves when the runner's last word, or the end of the stream, has arrived. */
  readonly ended: Promise<void>;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  #seen = 0;
  #passed = 0;
  #heldBack = false;

  constructor(stream: Readable, nonce: string, to: number | Writable) {
    this.scanner = new TrailerScanner(nonce);
    this.ended = new Promise((resolve) => {
      for (const event of ["end", "close", "error"]) stream.once(event, () => resolve());
      stream.on("data", (chunk: Buffer) => {
        const data = this.scanner.push(chunk);
        if (typeof to === "number") this.#keep(data, to);
        else if (data.length > 0) this.#pass(data, stream, to);
        if (this.scanner.end) resolve();
      });
    });
  }

  get dropped(): number {
    return this.#seen - this.#kept;
  }

  /** Bytes of the command that came in. */
  get seen(): number {
    return this.#seen + this.#passed;
  }

  /** True while the receiver of the output is behind. */
  get heldBack(): boolean {
    return this.#heldBack;
  }

  text(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #pass(data: Buffer, from: Readable, to: Writable): void {
    this.#passed += data.length;
    if (to.write(data)) return;
    this.#heldBack = true;
    from.pause();
    to.once("drain", () => {
      this.#heldBack = false;
      from.resume();
    });
  }

  #keep(data: Buffer, limit: number): void {
    this.#seen += data.length;
    const part = data.subarray(0, limit - this.#kept);
    if (part.length === 0) return;
    this.#chunks.push(part);
    this.#kept += part.length;
  }
}
