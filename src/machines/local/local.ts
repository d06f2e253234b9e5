import { mkdir, rm, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { idsOf } from "../../ids.ts";
import { checkOptions } from "../../options.ts";
import { MachineFileError, MachineStoppedError, wrongUser } from "../errors.ts";
import type {
  Argv,
  Duplex,
  ExecOptions,
  ExecResult,
  Image,
  Machine,
  MachineRecord,
  Reach,
  ReadOptions,
  Remains,
  SpawnMachineOptions,
  WriteOptions,
} from "../machine.ts";
import { methodOptions } from "../method-options.ts";
import { makeFolder, readHostFile, writeHostFile } from "./files.ts";
import {
  endAll,
  endGroup,
  findMarked,
  graceMs,
  groupExists,
  type HostProcess,
  liveProcesses,
} from "./processes.ts";
import { type Subprocess, startDuplex, startSubprocess } from "./subprocess.ts";

const newId = idsOf(12);

export interface LocalOptions {
  /** The directory where commands run and relative paths start; made if missing. Default: the current directory. */
  readonly workDir?: string | undefined;
  /** Added to this program's environment, which is inherited. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/**
 * This host, as the user who runs the program, with all of that user's rights.
 *
 * @example
 * await using machine = await new LocalImage({ workDir: "build" }).spawn({ name: "local", signal });
 * const { stdout } = await machine.exec(["git", "status", "--short"]);
 */
export class LocalImage implements Image<LocalMachine> {
  readonly kind = "local";
  readonly #options: LocalOptions;

  constructor(options: LocalOptions = {}) {
    checkOptions<LocalOptions>("LocalImage", options, { workDir: "text", env: "object" });
    this.#options = options;
  }

  /** Take up the machine of this work directory, if that is still there: all that it is, is there. */
  async adopt(
    { kind, workDir }: MachineRecord,
    { env, record }: SpawnMachineOptions,
  ): Promise<LocalMachine | undefined> {
    const isOurs = kind === this.kind && workDir === resolve(this.#options.workDir ?? ".");
    const found = isOurs ? await stat(workDir).catch(() => undefined) : undefined;
    if (!found?.isDirectory()) return undefined;
    return new LocalMachine({ workDir, env: { ...this.#options.env, ...env }, record });
  }

  async spawn({ signal, env, record }: SpawnMachineOptions): Promise<LocalMachine> {
    signal.throwIfAborted();
    const workDir = resolve(this.#options.workDir ?? ".");
    try {
      await makeFolder(workDir);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new MachineFileError("make the work directory", workDir, code ?? "unknown", { cause });
    }
    return new LocalMachine({ workDir, env: { ...this.#options.env, ...env }, record });
  }
}

export interface LocalMachineOptions {
  /** Absolute, and there. */
  readonly workDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs at the end of `stop`. */
  readonly release?: (() => Promise<void>) | undefined;
  /** Keeps a record of each fork before it is made. Default: no record. */
  readonly record?: SpawnMachineOptions["record"];
}

/** A machine of a LocalImage. */
export class LocalMachine implements Machine {
  readonly kind = "local";
  readonly workDir: string;
  readonly #options: LocalMachineOptions;
  /** The mark in the environment of all that the machine starts, so that `stop` finds processes that moved out of their group. */
  readonly #id = newId();
  readonly #running = new Set<Subprocess>();
  /** Sessions whose first process has ended, and others of its group have not. */
  readonly #leftBehind = new Set<number>();
  #stopping: Promise<void> | undefined;

  constructor(options: LocalMachineOptions) {
    this.#options = options;
    this.workDir = options.workDir;
  }

  get summary(): string {
    return `this host, ${this.workDir}`;
  }

  async exec(command: string | Argv, options: ExecOptions = {}): Promise<ExecResult> {
    methodOptions.exec(options);
    this.#assertUsable(options);
    options.signal?.throwIfAborted();
    const words = typeof command === "string" ? ["bash", "-c", command] : command;
    const running = startSubprocess(words, {
      cwd: resolve(this.workDir, options.cwd ?? "."),
      env: this.#environment(options.env),
      input: options.input,
      timeoutMs: options.timeoutMs,
      maxOutputBytes: options.maxOutputBytes,
    });
    const abort = (): void => running.abort(options.signal?.reason);
    options.signal?.addEventListener("abort", abort, { once: true });
    try {
      return await this.#track(running);
    } finally {
      options.signal?.removeEventListener("abort", abort);
    }
  }

  async writeFile(
    path: string,
    content: string | Uint8Array,
    options: WriteOptions = {},
  ): Promise<void> {
    methodOptions.writeFile(options);
    this.#assertUsable();
    const within = this.#within(options);
    await writeHostFile(resolve(this.workDir, path), content, { ...options, within });
  }

  async readFile(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
    methodOptions.readFile(options);
    this.#assertUsable();
    const within = this.#within(options);
    return readHostFile(resolve(this.workDir, path), { ...options, within });
  }

  /** The words that start a shell, or `command`, in the work directory. Not ended by `stop`: it is a person's. */
  shell(command?: Argv): Argv {
    const words = command ?? [process.env.SHELL ?? "bash"];
    return ["sh", "-c", 'cd -- "$1" && shift && exec "$@"', "sh", this.workDir, ...words];
  }

  async duplex(command: Argv): Promise<Duplex> {
    this.#assertUsable();
    const running = startDuplex(command, { cwd: this.workDir, env: this.#environment() });
    this.#track(running).catch(() => {}); // Its `exited` tells.
    return running.duplex;
  }

  async reach(socket: string): Promise<Reach> {
    this.#assertUsable();
    return { socket, [Symbol.asyncDispose]: async () => {} };
  }

  /**
   * Make a machine with a copy of the work directory, removed when that machine stops.
   *
   * `tracked` copies what git knows, at its last commit, as a work tree of the same repository.
   * Default: everything, sharing blocks where the file system can.
   */
  async fork(options: { readonly files?: "all" | "tracked" } = {}): Promise<LocalMachine> {
    this.#assertUsable();
    const home = join(tmpdir(), `ramure-fork-${newId()}`);
    const { record, env } = this.#options;
    const facts = { repository: this.workDir, worktree: options.files === "tracked" };
    const remains: Remains = { kind: "fork", name: home, folder: home, facts };
    await record?.(remains);
    await mkdir(home, { mode: 0o700 });
    const copy = join(home, "work");
    const tracked = options.files === "tracked";
    const release = async (): Promise<void> => {
      if (tracked) await this.#git("worktree", "remove", "--force", "--force", copy);
      await rm(home, { recursive: true, force: true });
      await record?.({ ...remains, gone: true });
    };
    try {
      this.#assertUsable();
      const copied = tracked
        ? await this.#git("worktree", "add", "--detach", copy)
        : await this.exec(copyCommand(this.workDir, copy));
      if (!copied.ok) throw new MachineFileError("copy", this.workDir, copied.stderr.trim());
    } catch (error) {
      await release();
      throw error;
    }
    const inside = tracked ? (await this.#git("rev-parse", "--show-prefix")).stdout.trim() : "";
    return new LocalMachine({ workDir: join(copy, inside), env, record, release });
  }

  /** End all that it started and still runs, also in the background; waits for that, for a few seconds at most. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    const running = [...this.#running];
    for (const one of running) one.abort(new MachineStoppedError(this.summary));
    await Promise.allSettled(running.map(({ result }) => result));
    await this.#endLeftBehind();
    await this.#options.release?.();
  }

  async #endLeftBehind(): Promise<void> {
    const swept = await endAll(() => this.#findOwn(), graceMs);
    if (!swept.supported) await Promise.all([...this.#leftBehind].map((group) => endGroup(group)));
  }

  async #findOwn(): Promise<readonly HostProcess[] | undefined> {
    const marked = await findMarked("RAMURE_MACHINE", this.#id);
    const table = this.#leftBehind.size > 0 ? await liveProcesses() : [];
    if (!marked || !table) return undefined;
    // A session that is led again is a stranger's: its number was given out a second time.
    const led = new Set(table.filter(({ pid, session }) => pid === session).map(({ pid }) => pid));
    const ours = ({ session }: HostProcess) => this.#leftBehind.has(session) && !led.has(session);
    return [...marked, ...table.filter(ours)];
  }

  async #track(running: Subprocess): Promise<ExecResult> {
    this.#running.add(running);
    try {
      return await running.result;
    } finally {
      this.#running.delete(running);
      if (running.pid !== undefined) this.#leftBehind.add(running.pid);
      for (const group of this.#leftBehind) if (!groupExists(group)) this.#leftBehind.delete(group);
    }
  }

  #environment(env: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
    const { RAMURE_HOME, RAMURE_RUN } = this.#options.env;
    return {
      ...process.env,
      ...this.#options.env,
      ...env,
      ...(RAMURE_HOME === undefined ? {} : { RAMURE_HOME }),
      ...(RAMURE_RUN === undefined ? {} : { RAMURE_RUN }),
      RAMURE_MACHINE: this.#id,
    };
  }

  /** Runs outside the machine's life, because a work tree is removed at its very end. */
  #git(...words: Argv): Promise<ExecResult> {
    return startSubprocess(["git", ...words], { cwd: this.workDir, env: process.env }).result;
  }

  #within({ within }: ReadOptions | WriteOptions): string | undefined {
    return within === undefined ? undefined : resolve(this.workDir, within);
  }

  #assertUsable({ user }: ExecOptions = {}): void {
    if (this.#stopping) throw new MachineStoppedError(this.summary);
    if (user === undefined) return;
    const current = currentUser();
    if (current.includes(user)) return;
    throw wrongUser(this.kind, user, current.join("/"));
  }
}

/** The name and the number of the user; containers have numbers that nobody gave a name. */
function currentUser(): readonly string[] {
  const number = String(process.getuid?.() ?? "");
  try {
    return [userInfo().username, number];
  } catch {
    return [number];
  }
}

/** Remove a fork that a killed program left, and its work tree from its repository's list. */
export async function removeForkRemains({ folder, facts }: Remains): Promise<void> {
  const { repository, worktree } = facts ?? {};
  if (typeof repository !== "string" || worktree !== true || folder === undefined) return;
  const copy = join(folder, "work");
  const words = ["git", "worktree", "remove", "--force", "--force", copy];
  // A repository that is gone has no list.
  await startSubprocess(words, { cwd: repository, env: process.env }).result.catch(() => {});
}

function copyCommand(from: string, to: string): Argv {
  const reflink = process.platform === "linux" ? ["-a", "--reflink=auto"] : ["-Rpc"];
  return ["cp", ...reflink, "--", from, to];
}
