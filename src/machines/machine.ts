/** Words of a command; no shell ever splits them. */
export type Argv = readonly string[];

export interface ExecOptions {
  /** The user to run as, where the machine can tell users apart. Default: the machine's own. */
  readonly user?: string | undefined;
  /** The longest run, in ms; then its whole process group is ended. 0 or none: no limit. */
  readonly timeoutMs?: number | undefined;
  /** The directory to run in. Default: the machine's work directory. */
  readonly cwd?: string | undefined;
  /** Added to the machine's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Written to its standard input, which is then closed. Default: empty. */
  readonly input?: string | Uint8Array | undefined;
  /** Bytes kept of each of stdout and stderr; what comes after is dropped. Default: 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /** Ends the whole process group when it aborts; `exec` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The end of a command. A failure of the machine itself is thrown, and never an exit code. */
export interface ExecResult {
  /** The exit code; 124 after a timeout; 128 + n after signal n. */
  readonly exitCode: number;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal?: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** True when output was dropped because there was more than `maxOutputBytes`; stderr says so too. */
  readonly truncated?: boolean | undefined;
  readonly ok: boolean;
}

export interface ReadOptions {
  /** Reject a file of more bytes. Default: 2 GiB. */
  readonly maxBytes?: number | undefined;
  /** A folder that the file must really lie below; a link as the file itself is refused. Default: anywhere. */
  readonly within?: string | undefined;
}

export interface WriteOptions {
  /** The mode of the file, from its start. Default: that of the file it replaces, else by the umask. */
  readonly mode?: number | undefined;
  /** A folder that the file must really lie below; no link below it is followed. Default: anywhere. */
  readonly within?: string | undefined;
}

/** A running command's standard input and output. */
export interface Duplex {
  readonly input: NodeJS.WritableStream;
  readonly output: NodeJS.ReadableStream;
  readonly exited: Promise<{ readonly exitCode: number; readonly stderr: string }>;
  kill(): void;
}

/** The place where code on the machine finds a Unix socket of this host. */
export interface Reach extends AsyncDisposable {
  /** The socket's path as seen on the machine. */
  readonly socket: string;
}

/**
 * Somewhere that commands run and files lie.
 *
 * Every method rejects with MachineUnreachableError when the machine is gone, and with
 * MachineStoppedError after `stop`. A file that cannot be used rejects with MachineFileError.
 */
export interface Machine extends AsyncDisposable {
  /** The image's kind, such as `local` or `ssh`. */
  readonly kind: string;
  /** A few words for status: where it is. */
  readonly summary: string;
  /** Absolute path of the work directory on the machine. */
  readonly workDir: string;
  /** The git branch that holds what is done here, where the work directory is a worktree of its own. */
  readonly branch?: string | undefined;
  /** Run a command: words run as they are, a string is a line for `bash -c`. */
  exec(command: string | Argv, options?: ExecOptions): Promise<ExecResult>;
  /** Write a whole file, atomically, making its folders; relative paths start at `workDir`. */
  writeFile(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Read a whole regular file; anything else, such as a FIFO, is refused and never waited for. */
  readFile(path: string, options?: ReadOptions): Promise<Uint8Array>;
  /** Let go of the machine and of all that `exec` started. Idempotent. What is persistent stays. */
  stop(): Promise<void>;
  fork?(): Promise<Machine>;
  snapshot?(): Promise<Image>;
  /** Give the command that opens a shell in a person's terminal, or runs `command` there. */
  shell?(command?: Argv): Argv;
  duplex?(command: Argv): Promise<Duplex>;
  reach?(socket: string): Promise<Reach>;
  /** Ask the machine whether it answers. Absent where it cannot be lost, as this host. */
  probe?(): Promise<void>;
  /** Let the machine live for `ttlMs` from now, whatever becomes of this program. */
  renew?(ttlMs: number): Promise<void>;
  /** The facts that `adopt` needs besides kind and work directory to take the machine up again. Plain data, no secrets. */
  readonly identity?: Readonly<Record<string, unknown>> | undefined;
}

/** A machine of an earlier program, as its run recorded it. */
export type MachineRecord = Pick<Machine, "kind" | "workDir" | "identity">;

/** The part of a machine that stays when this program is killed, as plain data without secrets: another program removes it. */
export interface Remains {
  /** The backend that can remove it. */
  readonly kind: string;
  /** A name that no other remains of this kind have. */
  readonly name: string;
  /** A directory of this host that goes with it. */
  readonly folder?: string | undefined;
  /** The facts that the backend finds it by. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** True when it can only be reached over a network: then only `ramure gc` looks for it. Default: false. */
  readonly far?: boolean | undefined;
  /** True when it has been removed. */
  readonly gone?: boolean | undefined;
}

/** A file or folder of this host that is seen on a machine. */
export interface Mount {
  /** A path of this host. */
  readonly source: string;
  /** An absolute path on the machine. */
  readonly target: string;
  readonly readOnly?: boolean | undefined;
}

export interface SpawnMachineOptions {
  /** The name for status and for whatever the backend names after it; not unique. */
  readonly name: string;
  /** The path of the machine in its run, the same after a restart. Default: it belongs to no run. */
  readonly path?: string | undefined;
  /** Aborts the start; what was made by then is removed before `spawn` rejects. */
  readonly signal: AbortSignal;
  /** Set for whatever runs there, over the image's own: the marks of the run. Default: none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** To be seen there, where the backend can show files of this host; else they are left out. A sandbox, which sees this host's files, shows them at their own paths. Default: none. */
  readonly mounts?: readonly Mount[] | undefined;
  /** The longest time that the machine outlives this program, in ms, where its backend can end it by itself. Default: the backend's own. */
  readonly ttlMs?: number | undefined;
  /** Keeps a record of what would stay if this program were killed. Call it before the thing is made, and again with `gone` when it is removed. Default: no record. */
  readonly record?: ((remains: Remains) => Promise<void>) | undefined;
}

/** A recipe for machines. */
export interface Image<M extends Machine = Machine> {
  readonly kind: string;
  spawn(options: SpawnMachineOptions): Promise<M>;
  /**
   * Take up a machine that an earlier program left, with all that runs there. Undefined: it is not
   * there any more, or is none of this image; spawn another. Absent where none can be taken up.
   */
  adopt?(record: MachineRecord, options: SpawnMachineOptions): Promise<M | undefined>;
}
