import { stat } from "node:fs/promises";
import { constants } from "node:os";
import { PassThrough, Readable, type Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { execa } from "execa";
import { MachineFileError, MachineUnreachableError, unsafeWord } from "../errors.ts";
import { defaultOutputBytes, execResult } from "../exec-result.ts";
import type { Argv, Duplex, ExecResult } from "../machine.ts";
import { assertWord } from "../shell.ts";
import { callAfter, pause } from "./clock.ts";
import { endGroup } from "./processes.ts";

export interface SubprocessOptions extends Omit<LaunchOptions, "stream"> {
  /** The longest run, in ms; then its process group is ended. 0 or none: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Bytes kept of each of stdout and stderr. Default: 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
}

/** A command of this host that runs in a session and process group of its own. */
export interface Subprocess {
  /** The id of the process, its group and its session; undefined when it could not start. */
  readonly pid: number | undefined;
  /** The end of the command. Rejects with the reason of `abort`, or with the reason why this host could not start it. */
  readonly result: Promise<ExecResult>;
  /** End the whole group; `result` then rejects with `reason`, unless it had ended before. */
  abort(reason: unknown): void;
}

export interface StreamingSubprocess extends Subprocess {
  readonly duplex: Duplex;
}

/** Start a command and collect what it writes. Throws MisuseError (`unsafe-word`) for words that no command can get. */
export function startSubprocess(words: Argv, options: SubprocessOptions): Subprocess {
  assertCommand(words, options);
  const child = launchChild(words, options);
  return watch({ words, child, options, stdout: new OutputBuffer(child.stdout, limitOf(options)) });
}

/** Start a command whose standard input and output stay open. */
export function startDuplex(words: Argv, options: SubprocessOptions): StreamingSubprocess {
  assertCommand(words, options);
  const child = launchChild(words, { ...options, stream: true });
  // Taken hold of at once: a pipe that nobody reads yet must not be drained by anybody else.
  const output = child.stdout.pipe(new PassThrough());
  const running = watch({ words, child, options });
  const exited = running.result.then(
    ({ exitCode, stderr }) => ({ exitCode, stderr }),
    (reason: unknown) => ({ exitCode: 128 + constants.signals.SIGTERM, stderr: String(reason) }),
  );
  const kill = (): void => running.abort(new Error("it was killed"));
  return { ...running, duplex: { input: child.stdin, output, exited, kill } };
}

interface WatchedChild {
  readonly words: Argv;
  readonly child: HostChild;
  readonly options: SubprocessOptions;
  /** Absent: another reader takes the output. */
  readonly stdout?: OutputBuffer | undefined;
}

/** The reason why a command was ended before it ended itself. */
type EarlyEnd =
  | { readonly timedOut: true }
  | { readonly timedOut: false; readonly reason: unknown };

function watch(watched: WatchedChild): Subprocess {
  const { child, options } = watched;
  const stderr = new OutputBuffer(child.stderr, limitOf(options));
  const outputs = watched.stdout ? [watched.stdout, stderr] : [stderr];
  let cut: EarlyEnd | undefined;
  let over = false;
  let groupEnded: Promise<void> | undefined;
  const end = (why: EarlyEnd): void => {
    if (over || cut) return;
    cut = why;
    if (child.pid !== undefined) groupEnded = endGroup(child.pid);
  };
  const callOff = callAfter(options.timeoutMs, () => end({ timedOut: true }));
  const finish = async (): Promise<ExecResult> => {
    const ended = await child.ended;
    callOff();
    over = true;
    await groupEnded;
    const all = await drained(outputs);
    if (!all) for (const output of outputs) cut ? output.destroy() : output.detach();
    if (cut && !cut.timedOut) throw cut.reason;
    return resultOf(watched, { ended, stderr, timedOut: cut?.timedOut ?? false });
  };
  const result = finish();
  result.catch(() => {}); // The caller may look at the result later, or only abort.
  return { pid: child.pid, result, abort: (reason) => end({ timedOut: false, reason }) };
}

interface CommandEnd {
  readonly ended: HostChildEnd;
  readonly stderr: OutputBuffer;
  readonly timedOut: boolean;
}

async function resultOf(watched: WatchedChild, outcome: CommandEnd): Promise<ExecResult> {
  const { ended, timedOut } = outcome;
  const refused = ended.failure && (await refusal(watched, ended));
  return execResult({
    exitCode: refused ? refused.exitCode : exitCodeOf(ended),
    signal: ended.signal ?? undefined,
    stdout: watched.stdout?.text() ?? "",
    stderr: outcome.stderr.text(),
    timedOut,
    truncated: (watched.stdout?.dropped ?? 0) > 0 || outcome.stderr.dropped > 0,
    timeoutMs: watched.options.timeoutMs,
    maxOutputBytes: limitOf(watched.options),
    refused: refused ? refused.says : undefined,
  });
}

function exitCodeOf(ended: HostChildEnd): number {
  if (ended.code !== null) return ended.code;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[ended.signal ?? ""] ?? 0);
}

/** Say what a shell would say of a command that it cannot start; throw what is the host's own trouble. */
async function refusal(
  { words, options }: WatchedChild,
  { failure, cause }: HostChildEnd,
): Promise<{ readonly exitCode: number; readonly says: string }> {
  if (!(await isDirectory(options.cwd))) {
    throw new MachineFileError("run a command in", options.cwd, "no such directory", { cause });
  }
  const says = refusals.get(failure ?? "");
  if (!says) {
    throw new MachineUnreachableError("local", `it cannot start a process (${failure})`, { cause });
  }
  return { exitCode: failure === "ENOENT" ? 127 : 126, says: `${words[0]}: ${says}` };
}

const refusals: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "command not found"],
  ["EACCES", "Permission denied"],
  ["EPERM", "Operation not permitted"],
  ["ENOTDIR", "Not a directory"],
  ["EISDIR", "Is a directory"],
  ["ENOEXEC", "Exec format error"],
  ["E2BIG", "Argument list too long"],
  ["ELOOP", "Too many levels of symbolic links"],
  ["ENAMETOOLONG", "File name too long"],
  ["ETXTBSY", "Text file busy"],
]);

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Refuse what no command can be started with. */
export function assertCommand(words: Argv, options: Pick<LaunchOptions, "cwd" | "env">): void {
  if (!words[0]) throw unsafeWord("", "the first word names the program to run");
  for (const word of [...words, options.cwd]) assertWord(word);
  for (const value of Object.entries(options.env).flat()) if (value) assertWord(value);
}

function limitOf(options: SubprocessOptions): number {
  return options.maxOutputBytes ?? defaultOutputBytes;
}

export interface LaunchOptions {
  readonly cwd: string;
  /** The whole environment; nothing is inherited beside it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Written to its standard input, which is then closed; `stream` leaves it open. Default: empty. */
  readonly input?: string | Uint8Array | undefined;
  readonly stream?: boolean | undefined;
}

/** A process of this host, in a session and group of its own. */
export interface HostChild {
  /** The id of the process, its group and its session; undefined when it could not start. */
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process itself has ended, also while another process holds its pipes. Never rejects. */
  readonly ended: Promise<HostChildEnd>;
  /** Lets this program end although the process lives. */
  unref(): void;
}

export interface HostChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The reason why it did not start, such as `ENOENT`. */
  readonly failure?: string | undefined;
  readonly cause?: unknown;
}

/** Start a command. Never throws: `ended` says why it could not. */
export function launchChild(words: Argv, options: LaunchOptions): HostChild {
  const [file = "", ...args] = words;
  const child = execa(file, args, {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    stdin: options.stream || options.input !== undefined ? "pipe" : "ignore",
    ...(options.input === undefined ? {} : { input: options.input }),
    buffer: false,
    detached: true,
    cleanup: false,
    reject: false,
  });
  const exited = new Promise<HostChildEnd>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const refused = child.then(({ code, cause }) => ({
    code: null,
    signal: null,
    failure: code ?? "unknown",
    cause,
  }));
  const stdin = child.stdin ?? new PassThrough();
  stdin.on("error", () => {}); // EPIPE: it ended before it read all; how it ended says enough.
  return {
    pid: child.pid,
    stdin,
    stdout: child.stdout ?? Readable.from([]),
    stderr: child.stderr ?? Readable.from([]),
    unref: () => {
      child.unref();
      for (const stream of [child.stdin, child.stdout, child.stderr]) unref(stream);
    },
    ended: child.pid === undefined ? refused : exited,
  };
}

/** A pipe is a socket underneath, which the types do not say. */
function unref(stream: Readable | Writable | null): void {
  if (stream && "unref" in stream && typeof stream.unref === "function") stream.unref();
}

/** The output of one pipe of a command: the first `limit` bytes are kept, the rest is counted. */
class OutputBuffer {
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

  /** Read the kept output as UTF-8. */
  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }

  /** Let go of a pipe that something else still writes to: it is read, so that nobody blocks, but no longer waited for. */
  detach(): void {
    unref(this.#stream);
  }

  /** Close our end; a process that still writes to it gets SIGPIPE. */
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
async function drained(outputs: readonly OutputBuffer[]): Promise<boolean> {
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
