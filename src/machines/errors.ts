import { MisuseError, RamureError } from "../errors.ts";

/** A machine or harness does not have the ability that was asked for. */
export class UnsupportedError extends RamureError {
  readonly code = "unsupported";
  override readonly retryable = false;
  constructor(kind: string, ability: string, of: "machine" | "harness" = "machine") {
    const next = of === "machine" ? "an image whose machines have it" : "a harness that has it";
    super(`${ability}() is not supported by ${kind}: a ${kind} ${of} has none; choose ${next}.`);
  }
}

/** The machine is gone or does not answer; whether a command ran is unknown. */
export class MachineUnreachableError extends RamureError {
  readonly code = "machine-unreachable";
  /** True when the machine has ended for certain, and will not answer again. */
  readonly gone: boolean;
  constructor(
    machine: string,
    what: string,
    options: { readonly cause?: unknown; readonly gone?: boolean | undefined } = {},
  ) {
    super(`The machine ${machine} cannot be reached: ${what.replace(/\.$/, "")}.`, options);
    this.gone = options.gone ?? false;
  }
}

/** The machine was stopped by this program; what still ran there was ended. */
export class MachineStoppedError extends RamureError {
  readonly code = "machine-stopped";
  override readonly retryable = false;
  constructor(machine: string) {
    super(`The machine ${machine} has been stopped; spawn another one from its image.`);
  }
}

/** A file or directory of a machine cannot be used. */
export class MachineFileError extends RamureError {
  readonly code = "machine-file";
  constructor(
    what: string,
    readonly path: string,
    /** The system's name for it, such as `ENOENT` or `EACCES`. */
    readonly reason: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`Cannot ${what} ${JSON.stringify(path)} (${reason}).`, options);
  }
}

/** The machine has no tmux, or one too old. */
export class TmuxMissingError extends RamureError {
  readonly code = "tmux-missing";
  override readonly retryable = false;
  constructor(machine: string, found?: string) {
    super(
      `The machine ${machine} has ${found ? `tmux ${found}` : "no tmux"}, and agents need tmux 3.2 or newer; install it there: apt-get install -y tmux | brew install tmux | dnf install -y tmux.`,
    );
  }
}

/** A tmux command failed for a reason other than an absent session. */
export class TmuxError extends RamureError {
  readonly code = "tmux";
  constructor(command: string, said: string, options?: { readonly cause?: unknown }) {
    super(`tmux ${command} failed: ${said}`, options);
  }
}

/** A Unix socket cannot have so long a path: the system would cut it silently. */
export class SocketPathTooLongError extends RamureError {
  readonly code = "socket-path-too-long";
  override readonly retryable = false;
  constructor(path: string, bytes: number, limit: number) {
    super(
      `The socket path ${path} has ${bytes} bytes and ${limit} are allowed; set RAMURE_HOME to a shorter directory.`,
    );
  }
}

/** The directory that holds ramure's runs cannot be used. */
export class HomeError extends RamureError {
  readonly code = "home";
  override readonly retryable = false;
  constructor(path: string, why: string, cause?: unknown) {
    super(`${path} ${why}; set RAMURE_HOME to a short path of a directory that is yours.`, {
      cause,
    });
  }
}

/** Make the error for a word that cannot be handed to a command. */
export function unsafeWord(word: string, why: string): MisuseError {
  return new MisuseError(
    "unsafe-word",
    `${JSON.stringify(word.slice(0, 80))} cannot be a word of a command: ${why}.`,
  );
}

/** Make the error for a machine that cannot be another user. */
export function wrongUser(kind: string, user: string, current: string): MisuseError {
  return new MisuseError(
    "wrong-user",
    `A ${kind} machine runs everything as ${current}, not as ${user}; leave \`user\` out, or choose an image that can switch.`,
  );
}
