import { posix } from "node:path";
import { idsOf } from "../../ids.ts";
import {
  MachineFileError,
  MachineStoppedError,
  MachineUnreachableError,
  wrongUser,
} from "../errors.ts";
import { defaultOutputBytes, execResult } from "../exec-result.ts";
import { assertCommand } from "../local/index.ts";
import type {
  Argv,
  Duplex,
  ExecOptions,
  ExecResult,
  Image,
  Machine,
  Reach,
  ReadOptions,
  WriteOptions,
} from "../machine.ts";
import { methodOptions } from "../method-options.ts";
import { assertWord } from "../shell.ts";
import { sweepWords } from "../sweep.ts";
import type { Pipe } from "./pipe.ts";
import { LostWay, newNonce, type PipedRun, type RawResult, startPipedRun } from "./run.ts";
import { execMarker, runnerWords } from "./runner.ts";
import { fileTrouble, readWords, reasonOf, writeWords } from "./scripts.ts";

const newId = idsOf(12);

/** All that a backend of this room brings: how a command gets there. The rest follows from it. */
export interface Way {
  readonly kind: string;
  readonly summary: string;
  /** Start words on the machine, without a shell, with nothing of this program's environment. */
  open(words: Argv, options: { readonly user?: string | undefined }): Promise<Pipe>;
  /** True when `open` can be another user than the machine's own. Default: false. */
  readonly switchesUser?: boolean | undefined;
  /** The words of this host that run others there, on a terminal if there is one. */
  readonly shell?: ((words: Argv) => Argv) | undefined;
  readonly reach?: ((socket: string, machine: Machine) => Promise<Reach>) | undefined;
  readonly snapshot?: ((machine: Machine) => Promise<Image>) | undefined;
  readonly fork?: ((machine: Machine) => Promise<Machine>) | undefined;
  /** Says more of a way that was lost, such as that the container has ended. Default: nothing. */
  readonly explain?: ((said: string) => Promise<string | undefined>) | undefined;
  /** Tell whether the machine has ended for certain. Default: nobody knows. */
  readonly gone?: (() => Promise<boolean>) | undefined;
  /** Let go of the machine, or remove it; `swept` says whether what ran there was ended. */
  release(swept: boolean): Promise<void>;
}

export interface PipedOptions {
  readonly way: Way;
  /** Absolute, on the machine; made if missing. */
  readonly workDir: string;
  /** The environment of all that runs there; the marks of the run among it. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Default: a new one. A backend that has to find its processes again gives its own. */
  readonly id?: string | undefined;
}

/** Give the work directory on its machine, or reject as `spawn` should; the way is released then. */
export async function startPiped(options: PipedOptions): Promise<Machine> {
  const machine = new PipedMachine(options);
  try {
    await machine.begin(options.signal);
    return machine.withAbilities();
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

/** A machine that is reached by pipes; it needs bash and the usual POSIX commands there. */
class PipedMachine {
  readonly #options: PipedOptions;
  readonly #way: Way;
  readonly #id: string;
  readonly #running = new Map<PipedRun, (reason: unknown) => void>();
  /** Ways that something in the background still holds. */
  readonly #lingering = new Set<PipedRun>();
  #user: string | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: PipedOptions) {
    this.#options = options;
    this.#way = options.way;
    this.#id = options.id ?? newId();
  }

  /** Make the work directory; the first command that goes there. */
  async begin(signal: AbortSignal): Promise<void> {
    const { workDir } = this.#options;
    assertWord(workDir);
    const script = `export LC_ALL=C; mkdir -p -- "$1" && cd -- "$1" || exit; id -un 2>/dev/null || id -u`;
    const made = await this.#exec(["bash", "-c", script, "bash", workDir], { cwd: "/", signal });
    if (!made.ok) {
      throw new MachineFileError("make the work directory", workDir, reasonOf(made.stderr));
    }
    this.#user = made.stdout.trim();
  }

  /** The machine that a program holds: a method that the way cannot do is absent. */
  withAbilities(): Machine {
    const { kind, summary, shell, reach, fork, snapshot } = this.#way;
    const { workDir } = this.#options;
    const machine: Machine = {
      kind,
      summary,
      workDir,
      exec: async (command, options) => {
        methodOptions.exec(options);
        return await this.#exec(command, options);
      },
      readFile: async (path, options) => {
        methodOptions.readFile(options);
        return await this.#read(path, options);
      },
      writeFile: async (path, content, options) => {
        methodOptions.writeFile(options);
        await this.#write(path, content, options);
      },
      duplex: (command) => this.#duplex(command),
      probe: async () => void (await this.#exec(["true"], { cwd: "/", timeoutMs: 10_000 })),
      stop: () => this.stop(),
      [Symbol.asyncDispose]: () => this.stop(),
      ...(shell && { shell: (command) => shell(enterWords(workDir, command)) }),
      ...(reach && { reach: (socket) => this.#usable(() => reach(socket, machine)) }),
      ...(fork && { fork: () => this.#usable(() => fork(machine)) }),
      ...(snapshot && { snapshot: () => this.#usable(() => snapshot(machine)) }),
    };
    return machine;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const reason = new MachineStoppedError(this.#way.summary);
    for (const abort of this.#running.values()) abort(reason);
    const swept = await this.#sweep(`RAMURE_MACHINE=${this.#id}`);
    for (const run of [...this.#running.keys(), ...this.#lingering]) run.close();
    await this.#way.release(swept);
  }

  async #usable<Value>(act: () => Promise<Value>): Promise<Value> {
    if (this.#stopping) throw new MachineStoppedError(this.#way.summary);
    return act();
  }

  async #exec(command: string | Argv, options: ExecOptions = {}): Promise<ExecResult> {
    const words = typeof command === "string" ? ["bash", "-c", command] : command;
    const cwd = posix.resolve(this.#options.workDir, options.cwd ?? ".");
    const raw = await this.#run(words, { ...options, cwd });
    if (raw.end.type === "no-directory") {
      throw new MachineFileError("run a command in", cwd, "no such directory");
    }
    return execResult({
      exitCode: raw.end.type === "exited" ? raw.end.code : 124,
      stdout: raw.stdout.toString("utf8"),
      stderr: raw.stderr.toString("utf8"),
      timedOut: raw.end.type === "late",
      truncated: raw.truncated,
      timeoutMs: options.timeoutMs,
      maxOutputBytes: options.maxOutputBytes ?? defaultOutputBytes,
    });
  }

  async #read(path: string, { maxBytes, within }: ReadOptions = {}): Promise<Uint8Array> {
    const full = this.#resolve(path);
    const words = readWords({ path: full, within: this.#resolve(within), maxBytes });
    const read = await this.#run(words, { cwd: "/", maxOutputBytes: largest });
    if (!wentWell(read)) throw fileError("read", full, read);
    if (maxBytes === undefined || read.stdout.length <= maxBytes) return read.stdout;
    throw new MachineFileError("read", full, `larger than ${maxBytes} bytes`);
  }

  async #write(
    path: string,
    content: string | Uint8Array,
    { mode, within }: WriteOptions = {},
  ): Promise<void> {
    const full = this.#resolve(path);
    const words = writeWords({ path: full, within: this.#resolve(within), mode, id: newId() });
    const wrote = await this.#run(words, { cwd: "/", input: content });
    if (!wentWell(wrote)) throw fileError("write", full, wrote);
  }

  #resolve<Path extends string | undefined>(path: Path): string | Path {
    return path === undefined ? path : posix.resolve(this.#options.workDir, path);
  }

  async #duplex(command: Argv): Promise<Duplex> {
    const { workDir: cwd } = this.#options;
    const started = await this.#start(command, { cwd, stream: true });
    const { run, abort } = started;
    const exited = this.#track(started).then(
      (raw) => ({ exitCode: exitCodeOf(raw), stderr: raw.stderr.toString("utf8") }),
      (error: unknown) => ({ exitCode: 143, stderr: String(error) }),
    );
    return {
      input: run.input,
      output: run.output,
      exited,
      kill: () => abort(new Error("it was killed")),
    };
  }

  async #run(words: Argv, options: CommandOptions): Promise<RawResult> {
    options.signal?.throwIfAborted();
    const started = await this.#start(words, options);
    const end = (): void => started.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", end, { once: true });
    if (options.signal?.aborted) end();
    try {
      return await this.#track(started);
    } finally {
      options.signal?.removeEventListener("abort", end);
    }
  }

  /** Wait for a command's end. What ended it from here decides how it rejects. */
  async #track({ run, abort, aborted }: StartedCommand): Promise<RawResult> {
    this.#running.set(run, abort);
    try {
      const result = await run.result;
      this.#lingering.add(run);
      void run.closed.then(() => this.#lingering.delete(run));
      return result;
    } catch (error) {
      await aborted();
      if (!(error instanceof LostWay)) throw error;
      if (this.#stopping) throw new MachineStoppedError(this.#way.summary);
      throw await this.#unreachable(error);
    } finally {
      this.#running.delete(run);
    }
  }

  async #start(words: Argv, options: CommandOptions): Promise<StartedCommand> {
    if (this.#stopping) throw new MachineStoppedError(this.#way.summary);
    const { cwd, user, env, timeoutMs } = options;
    if (user !== undefined && user !== this.#user && !this.#way.switchesUser) {
      throw wrongUser(this.#way.kind, user, this.#user ?? "its own user");
    }
    const request = { nonce: newNonce(), words, cwd, env: this.#environment(env), timeoutMs };
    assertCommand(words, request);
    const pipe = await this.#open(runnerWords(request.nonce, this.#id), user);
    const run = startPipedRun(pipe, {
      request,
      input: options.input,
      maxOutputBytes: options.maxOutputBytes ?? defaultOutputBytes,
      stream: options.stream,
    });
    let cut: Promise<never> | undefined;
    const end = async (reason: unknown): Promise<never> => {
      run.close();
      if (!this.#stopping) await this.#sweep(execMarker(request.nonce));
      throw reason;
    };
    const abort = (reason: unknown): void => {
      cut ??= end(reason);
      cut.catch(() => {});
    };
    return { run, abort, aborted: async () => await cut };
  }

  async #open(words: Argv, user?: string): Promise<Pipe> {
    try {
      return await this.#way.open(words, { user });
    } catch (error) {
      if (error instanceof LostWay) throw await this.#unreachable(error);
      throw error;
    }
  }

  /** End what carries a marker; not by `exec`, whose own processes carry it too. */
  async #sweep(marker: string): Promise<boolean> {
    const nonce = newNonce();
    try {
      const pipe = await this.#way.open(
        ["env", "bash", "-c", `IFS= read -r -d '' s && eval "$s"`],
        {
          user: this.#way.switchesUser ? "root" : undefined,
        },
      );
      const request = {
        nonce,
        words: sweepWords({ marker }, "TERM"),
        cwd: "/",
        env: {},
        timeoutMs: 8_000,
      };
      const run = startPipedRun(pipe, { request, maxOutputBytes: 10_000 });
      return wentWell(await run.result);
    } catch {
      return false; // It cannot be reached; the backend knows what that means for what ran there.
    }
  }

  #environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { RAMURE_HOME, RAMURE_RUN, ...own } = this.#options.env;
    const marks = { ...(RAMURE_HOME && { RAMURE_HOME }), ...(RAMURE_RUN && { RAMURE_RUN }) };
    return { ...own, ...env, ...marks };
  }

  async #unreachable(lost: LostWay): Promise<MachineUnreachableError> {
    const explained = await this.#way.explain?.(lost.message).catch(() => undefined);
    const gone = await this.#way.gone?.().catch(() => false);
    const { summary } = this.#way;
    return new MachineUnreachableError(summary, explained ?? lost.message, { cause: lost, gone });
  }
}

/** The most bytes that one Buffer may hold. */
const largest = 2 ** 31 - 1;

interface CommandOptions extends Omit<ExecOptions, "cwd"> {
  readonly cwd: string;
  readonly stream?: boolean | undefined;
}

interface StartedCommand {
  readonly run: PipedRun;
  /** End the command and all that it started. */
  abort(reason: unknown): void;
  /** Rejects with the reason of `abort`, when nothing is left. Without one it resolves at once. */
  aborted(): Promise<undefined>;
}

/** The words that enter the work directory, for a person. */
function enterWords(workDir: string, command: Argv = ["bash"]): Argv {
  return ["sh", "-c", 'cd -- "$1" && shift && exec "$@"', "sh", workDir, ...command];
}

function exitCodeOf({ end }: RawResult): number {
  if (end.type === "exited") return end.code;
  return end.type === "late" ? 124 : 1;
}

function wentWell({ end }: RawResult): boolean {
  return end.type === "exited" && end.code === 0;
}

function fileError(what: string, path: string, { end, stderr }: RawResult): MachineFileError {
  const said = stderr.toString("utf8");
  const told = end.type === "exited" && end.code === fileTrouble;
  return new MachineFileError(what, path, told ? reasonOf(said) : said.trim() || "unknown");
}
