import { posix } from "node:path";
import { MisuseError } from "../../errors.ts";
import { checkOptions } from "../../options.ts";
import { MachineFileError, MachineStoppedError } from "../errors.ts";
import { LocalImage } from "../local/index.ts";
import type {
  Argv,
  ExecResult,
  Image,
  Machine,
  ReadOptions,
  SpawnMachineOptions,
  WriteOptions,
} from "../machine.ts";
import { assertWord } from "../shell.ts";
import { enterWords, leaveWords } from "./scripts.ts";

/** The owner of a worktree. */
export interface WorktreeOf {
  /** The name of the machine. */
  readonly name: string;
  /** The path of the process, such as `/main/pool/t0001`; undefined outside a run. */
  readonly process: string | undefined;
  /** The id of the run; undefined outside one. */
  readonly run: string | undefined;
}

export interface WorktreeOptions {
  /** The machines that the repository lies on; their work directory is in it. Default: this host, in the current directory. */
  readonly on?: Image | undefined;
  /** The commit, branch or tag that a new branch starts at. Default: `HEAD`. */
  readonly from?: string | undefined;
  /** Names the branch of a worktree. Default: `ramure/RUN/main.pool.t0001`; outside a run `ramure/NAME`. */
  readonly branch?: ((of: WorktreeOf) => string) | undefined;
  /** Ignored files and folders that a new worktree gets a copy of, seen from the top of the repository, such as `.env`. Default: none. */
  readonly copy?: readonly string[] | undefined;
  /** An absolute folder there that the worktrees lie in. Default: `.worktrees` at the top of the repository, ignored by git. */
  readonly folder?: string | undefined;
}

/**
 * A git worktree of its own for each process, on machines of another image.
 *
 * Nothing is ever committed for an agent. When the machine stops, a worktree without uncommitted
 * changes is removed and its branch stays; with such changes, or on no branch, it stays as well, and
 * `summary` says so. A branch without a commit of its own is removed. A process that starts again
 * returns to its worktree.
 *
 * `spawn` rejects with MachineFileError outside a repository.
 *
 * @example
 * const fixes = pool({ process: fix, size: 4, image: new WorktreeImage({ copy: [".env"] }) });
 */
export class WorktreeImage implements Image {
  readonly kind = "worktree";
  readonly #options: WorktreeOptions;
  /** The number of machines that live in a worktree, by its branch. */
  readonly #living = new Map<string, number>();

  constructor(options: WorktreeOptions = {}) {
    checkOptions<WorktreeOptions>("WorktreeImage", options, {
      on: "object",
      from: "text",
      branch: "function",
      copy: "list",
      folder: "text",
    });
    for (const path of options.copy ?? []) checkCopy(path);
    for (const word of [options.from, options.folder]) if (word !== undefined) assertWord(word);
    this.#options = options;
  }

  async spawn(options: SpawnMachineOptions): Promise<Machine> {
    const { on = new LocalImage(), from = "HEAD", folder = "", copy = [] } = this.#options;
    const of = {
      name: options.name,
      process: options.path && posix.dirname(options.path),
      run: options.env?.RAMURE_RUN,
    };
    const branch = (this.#options.branch ?? defaultBranch)(of);
    assertWord(branch);
    const host = await on.spawn(options);
    this.#living.set(branch, (this.#living.get(branch) ?? 0) + 1);
    const leave = (): boolean => {
      const others = (this.#living.get(branch) ?? 1) - 1;
      if (others > 0) this.#living.set(branch, others);
      else this.#living.delete(branch);
      return others === 0;
    };
    try {
      const name = branch.replaceAll("/", ".");
      const words = enterWords({ branch, name, from, folder, copy });
      const { stdout } = checked(await host.exec(words, { signal: options.signal }), host.workDir);
      const [tree = "", way = ""] = stdout.split("\0");
      return new Worktree({ host, branch, from, tree, way, isLast: leave }).machine();
    } catch (error) {
      leave();
      await host.stop();
      throw error;
    }
  }
}

function defaultBranch({ name, process, run }: WorktreeOf): string {
  const task = process?.split("/").filter(Boolean).join(".");
  return ["ramure", run, task ?? name].filter(Boolean).join("/");
}

function checkCopy(path: string): void {
  assertWord(path);
  const isInside = path !== "" && !path.startsWith("/") && !path.split("/").includes("..");
  if (isInside) return;
  throw new MisuseError(
    "worktree-copy",
    `WorktreeImage: copy names files of the repository, as they are seen from its top, such as ".env"; ${JSON.stringify(path)} is none.`,
  );
}

function checked(result: ExecResult, workDir: string): ExecResult {
  if (result.ok) return result;
  const why = result.stderr.trim() || `exit code ${result.exitCode}`;
  throw new MachineFileError("make a git worktree of", workDir, why);
}

interface WorktreeParts {
  readonly host: Machine;
  readonly branch: string;
  readonly from: string;
  /** The root of the worktree. */
  readonly tree: string;
  /** The work directory, seen from there. */
  readonly way: string;
  /** Counts this machine out, and tells whether no other lives in the worktree. */
  isLast(): boolean;
}

/** A machine with another work directory, which is given back when it stops. */
class Worktree {
  readonly #parts: WorktreeParts;
  readonly #workDir: string;
  #stopping: Promise<void> | undefined;
  #left = "";

  constructor(parts: WorktreeParts) {
    this.#parts = parts;
    this.#workDir = posix.join(parts.tree, parts.way).replace(/(.)\/$/, "$1");
  }

  machine(): Machine {
    const { host, branch } = this.#parts;
    const { duplex, shell, reach } = host;
    const workDir = this.#workDir;
    const summaryNow = () => `branch ${branch}, ${host.summary}${this.#left}`;
    return {
      kind: "worktree",
      get summary() {
        return summaryNow();
      },
      workDir,
      branch,
      exec: async (command, options) => {
        this.#assertUsable();
        return host.exec(command, { ...options, cwd: posix.resolve(workDir, options?.cwd ?? ".") });
      },
      readFile: async (path, options) => {
        this.#assertUsable();
        return host.readFile(posix.resolve(workDir, path), this.#within(options));
      },
      writeFile: async (path, content, options) => {
        this.#assertUsable();
        return host.writeFile(posix.resolve(workDir, path), content, this.#within(options));
      },
      stop: () => this.stop(),
      [Symbol.asyncDispose]: () => this.stop(),
      ...(duplex && {
        duplex: async (command) => {
          this.#assertUsable();
          return duplex.call(host, this.#inside(command));
        },
      }),
      ...(shell && { shell: (command) => shell.call(host, this.#inside(command ?? ["bash"])) }),
      ...(reach && {
        reach: async (socket) => {
          this.#assertUsable();
          return reach.call(host, socket);
        },
      }),
    };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#leave();
    return this.#stopping;
  }

  async #leave(): Promise<void> {
    const { host, tree, from, isLast } = this.#parts;
    try {
      if (!isLast()) return;
      const left = await host.exec(leaveWords(tree, from), { cwd: "/", timeoutMs: leaveMs });
      if (!left.ok) this.#left = `; ${tree} stays: ${left.stderr.trim()}`;
      else if (left.stdout === "merged\n")
        this.#left = "; it had nothing of its own and is removed";
    } catch (error) {
      this.#left = `; ${tree} stays: ${error instanceof Error ? error.message : error}`;
    } finally {
      await host.stop();
    }
  }

  #inside(command: Argv): Argv {
    const enter = ["sh", "-c", 'cd -- "$1" && shift && exec "$@"', "sh", this.#workDir];
    return [...enter, ...command];
  }

  #within<Options extends ReadOptions | WriteOptions>(options: Options | undefined) {
    if (options?.within === undefined) return options;
    return { ...options, within: posix.resolve(this.#workDir, options.within) };
  }

  #assertUsable(): void {
    if (this.#stopping) throw new MachineStoppedError(`branch ${this.#parts.branch}`);
  }
}

/** A status of a large repository takes a while; a stop must not. */
const leaveMs = 10_000;
