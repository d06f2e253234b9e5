import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { idsOf } from "../../ids.ts";
import { checkOptions } from "../../options.ts";
import { MachineFileError, MachineUnreachableError } from "../errors.ts";
import { launchChild, makeFolder, readProcess } from "../local/index.ts";
import type { Argv, Image, Machine, Reach, Remains, SpawnMachineOptions } from "../machine.ts";
import { hostPipe, LostWay, type Pipe, startPiped, type Way } from "../piped/index.ts";
import { forwardSocket } from "../reach.ts";

const newId = idsOf(8);

export interface SandboxOptions {
  /** The one folder of this host that can be written there; made if missing. Default: the current directory. */
  readonly workDir?: string | undefined;
  /** Added to this program's environment, which is inherited. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** True when the network can be used. Default: true. */
  readonly network?: boolean | undefined;
  /** More folders of this host that can be written there. Default: none. */
  readonly writable?: readonly string[] | undefined;
  /** Folders of this host that are empty there, such as one with keys. Default: none. */
  readonly hidden?: readonly string[] | undefined;
}

/**
 * This host seen through a keyhole (Linux, bubblewrap): its files can be read and not written, but for
 * the work directory; `/tmp`, the processes and, if wanted, the network are its own. The home of
 * ramure's runs cannot be seen there.
 *
 * Everything there ends with the machine, and with this program. It is no wall against an attack on
 * the kernel, and what this user can read, an agent can read.
 *
 * @example
 * await using machine = await new SandboxImage({ workDir: "build", network: false }).spawn({ name: "sandbox", signal });
 */
export class SandboxImage implements Image {
  readonly kind = "sandbox";
  readonly #options: SandboxOptions;

  constructor(options: SandboxOptions = {}) {
    checkOptions<SandboxOptions>("SandboxImage", options, {
      workDir: "text",
      env: "object",
      network: "boolean",
      writable: "list",
      hidden: "list",
    });
    this.#options = options;
  }

  async spawn({ signal, env, record, mounts = [] }: SpawnMachineOptions): Promise<Machine> {
    signal.throwIfAborted();
    const workDir = resolve(this.#options.workDir ?? ".");
    for (const folder of [workDir, ...(this.#options.writable ?? [])]) await made(resolve(folder));
    const own = join(tmpdir(), `ramure-sandbox-${newId()}`);
    const remains: Remains = { kind: "sandbox", name: own, folder: own };
    await record?.(remains);
    try {
      await mkdir(own, { mode: 0o700 });
      const home = env?.RAMURE_HOME ?? process.env.RAMURE_HOME ?? join(homedir(), ".ramure");
      const hidden = [...(this.#options.hidden ?? []), ...(existsSync(home) ? [home] : [])];
      const gone = async () => await record?.({ ...remains, gone: true });
      const seen = mounts.map(({ source }) => source);
      const sandbox = await Sandbox.start({ ...this.#options, workDir, own, hidden, seen, gone });
      return await startPiped({
        way: sandbox,
        workDir,
        env: { ...inherited(), ...this.#options.env, ...env },
        signal,
      });
    } catch (error) {
      await rm(own, { recursive: true, force: true });
      await record?.({ ...remains, gone: true });
      throw error;
    }
  }
}

async function made(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw new MachineFileError("make the work directory", folder, code, { cause });
  }
}

/** Marks of an agent that runs this very program, and what points to files that cannot be written there, stay here. */
function inherited(): Record<string, string> {
  const {
    RAMURE_EXEC: _exec,
    RAMURE_MACHINE: _machine,
    TMPDIR: _temporary,
    BASH_ENV: _startup,
    ...env
  } = process.env;
  return Object.fromEntries(
    Object.entries(env).filter((entry) => entry[1] !== undefined),
  ) as Record<string, string>;
}

interface SandboxPlace extends SandboxOptions {
  readonly workDir: string;
  /** A folder of ours: the sandbox's `/tmp`, and the sockets that it can reach. */
  readonly own: string;
  /** Files of this host that are seen at their own paths, also where the sandbox hides what is around them. */
  readonly seen: readonly string[];
  /** Called when the folder is removed. */
  readonly gone: () => Promise<void>;
}

/** One bubblewrap that holds the sandbox open; commands enter it. */
class Sandbox implements Way {
  readonly kind = "sandbox";
  readonly summary: string;
  readonly #place: SandboxPlace;
  readonly #holder: ReturnType<typeof launchChild>;
  /** The first process inside, as this host counts. */
  readonly #pid: number;

  private constructor(place: SandboxPlace, holder: ReturnType<typeof launchChild>, pid: number) {
    this.#place = place;
    this.#holder = holder;
    this.#pid = pid;
    this.summary = `sandbox, ${place.workDir}`;
  }

  static async start(place: SandboxPlace): Promise<Sandbox> {
    await Promise.all(["tmp", "run"].map((name) => mkdir(join(place.own, name), { mode: 0o700 })));
    const holder = launchChild(holderWords(place), { cwd: "/", env: process.env, stream: true });
    const said: Buffer[] = [];
    holder.stderr.on("data", (chunk: Buffer) => said.push(chunk));
    const up = new Promise<number>((resolve) => {
      let text = "";
      holder.stdout.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        const [, pid] = /"child-pid": *(\d+)/.exec(text) ?? [];
        if (pid !== undefined && text.includes("ready\n")) resolve(Number(pid));
      });
    });
    const first = await Promise.race([up, holder.ended]);
    if (typeof first === "number") return new Sandbox(place, holder, first);
    const why =
      first.code === 127 ? "there is no bwrap here" : Buffer.concat(said).toString().trim();
    throw sandboxRefused(why || `bwrap ended with ${first.code ?? first.signal}`);
  }

  async open(words: Argv): Promise<Pipe> {
    if ((await readProcess(this.#pid)) === undefined)
      throw new LostWay("the sandbox has ended", "");
    return hostPipe(this.#enter(words), bare());
  }

  shell = (words: Argv): Argv => this.#enter(words);

  reach = (socket: string): Promise<Reach> => {
    const name = newId();
    const from = join(this.#place.own, "run", name);
    return forwardSocket({ from, to: socket, seenAs: `${socketsThere}/${name}` });
  };

  gone = async (): Promise<boolean> => (await readProcess(this.#pid)) === undefined;

  async explain(): Promise<string | undefined> {
    return (await readProcess(this.#pid)) === undefined ? "the sandbox has ended" : undefined;
  }

  /** The end of the first process inside is the end of all. */
  async release(): Promise<void> {
    this.#holder.stdin.end();
    if (this.#holder.pid !== undefined) killed(this.#holder.pid);
    await this.#holder.ended;
    await rm(this.#place.own, { recursive: true, force: true });
    await this.#place.gone();
  }

  /**
   * `nsenter` gives the powers of the sandbox's own root, which could undo its mounts: `setpriv` takes
   * them away again, for good.
   */
  #enter(words: Argv): Argv {
    const spaces = ["-m", "-p", "-i", "-u", ...(this.#place.network === false ? ["-n"] : [])];
    const enter = ["nsenter", "-t", String(this.#pid), "-U", "--preserve-credentials", ...spaces];
    const weak = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"];
    return [...enter, "--", ...weak, ...words];
  }
}

const socketsThere = "/tmp/.ramure-sockets";

function holderWords(place: SandboxPlace): Argv {
  const { workDir, own, network, seen, writable = [], hidden = [] } = place;
  const spaces = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"];
  return [
    // bubblewrap closes what it tells its process's id to.
    ...["sh", "-c", 'exec 3>&1; exec "$@"', "sh", "bwrap"],
    ...spaces,
    ...(network === false ? ["--unshare-net"] : []),
    // As root of the sandbox alone: else bubblewrap nests a second user namespace that nobody can enter.
    ...["--uid", "0", "--gid", "0", "--die-with-parent", "--info-fd", "3"],
    ...["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/dev/shm"],
    ...["--bind", join(own, "tmp"), "/tmp", "--bind", join(own, "run"), socketsThere],
    ...hidden.flatMap((folder) => ["--tmpfs", resolve(folder)]),
    ...seen.flatMap((path) => ["--ro-bind", path, path]),
    ...[workDir, ...writable].flatMap((folder) => ["--bind", resolve(folder), resolve(folder)]),
    // It ends when its standard input does, and so with this program.
    ...["--", "sh", "-c", "echo ready; exec cat"],
  ];
}

function bare(): Record<string, string | undefined> {
  const { PATH, HOME, LANG, LC_ALL, TERM, USER } = process.env;
  return { PATH, HOME, LANG, LC_ALL, TERM, USER };
}

function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function sandboxRefused(why: string): MachineUnreachableError {
  const next =
    "install bubblewrap and util-linux (apt-get install -y bubblewrap util-linux), and allow user namespaces";
  return new MachineUnreachableError("sandbox", `${why}; ${next}`);
}
