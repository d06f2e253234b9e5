import { PassThrough, Readable, type Writable } from "node:stream";
import { execa } from "execa";
import type { Argv } from "../machine.ts";

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
  /** Its own, its group's and its session's id; undefined when it could not start. */
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the process itself has ended, whoever still holds its pipes. Never rejects. */
  readonly ended: Promise<HostChildEnd>;
}

export interface HostChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it did not even start, such as `ENOENT`. */
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
    ended: child.pid === undefined ? refused : exited,
  };
}
