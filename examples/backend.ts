/*
 * A complete backend: wherever a command of this host runs words and passes on their standard input and
 * output. `kubectl exec -i`, `lxc exec`, `incus exec`, `distrobox enter` and `chroot` are such commands.
 *
 *   new CommandImage({ enter: ["kubectl", "exec", "-i", "builder", "--"], workDir: "/work" })
 *
 * It brings the way there, and `startPiped` makes the machine from that: exit codes that are not confused
 * with a lost way, time limits that are kept there, files, streams, and a sweep at its end. The other side
 * needs bash and the usual POSIX commands. `machineConformance` tries all that (test/examples/backends.test.ts).
 */
import {
  type Argv,
  hostPipe,
  type Image,
  type Machine,
  type Pipe,
  type SpawnMachineOptions,
  startPiped,
  type Way,
} from "ramure/machines";

export interface CommandOptions {
  /** The words before those to run, such as `["kubectl", "exec", "-i", "builder", "--"]`. */
  readonly enter: Argv;
  /** The same for a person at a terminal, such as with `-it`. Default: nobody gets in. */
  readonly enterTerminal?: Argv | undefined;
  /** Absolute, on the other side; made if missing. */
  readonly workDir: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** What is behind a command of this host. */
export class CommandImage implements Image {
  readonly kind = "command";
  readonly #options: CommandOptions;

  constructor(options: CommandOptions) {
    this.#options = options;
  }

  async spawn({ env, signal }: SpawnMachineOptions): Promise<Machine> {
    signal.throwIfAborted();
    // A backend that makes something, such as a pod, makes it here, and removes it in `release`.
    return await startPiped({
      way: new CommandWay(this.#options),
      workDir: this.#options.workDir,
      // The marks of the run come last: `ramure gc` finds by them what a dead program left.
      env: { ...this.#options.env, ...env },
      signal,
    });
  }
}

class CommandWay implements Way {
  readonly kind = "command";
  readonly summary: string;
  readonly shell: ((words: Argv) => Argv) | undefined;
  readonly #enter: Argv;

  constructor({ enter, enterTerminal, workDir }: CommandOptions) {
    this.#enter = enter;
    this.summary = `${enter[0]}, ${workDir}`;
    this.shell = enterTerminal && ((words) => [...enterTerminal, ...words]);
  }

  /** Start words there. A way that cannot be made rejects, or closes at once and says why on stderr. */
  async open(words: Argv): Promise<Pipe> {
    return hostPipe([...this.#enter, ...words]);
  }

  /** Nothing was made; what ran there was ended before. */
  async release(): Promise<void> {}
}
