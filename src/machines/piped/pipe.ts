import type { Readable, Writable } from "node:stream";
import { type HostChildEnd, launchChild } from "../local/index.ts";
import type { Argv } from "../machine.ts";

/** A command that runs on a machine, as seen from here: its streams, and the way to it. */
export interface Pipe {
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  /** Resolves when the way is closed, with a few words on how. Never rejects. */
  readonly closed: Promise<string>;
  /** Close the way. What runs at its other end may live on. */
  close(): void;
  /** Let this program end although the way is open. */
  unref(): void;
}

/** Open a way that is a command of this host, such as `ssh host …`. */
export function hostPipe(
  words: Argv,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Pipe {
  const child = launchChild(words, { cwd: "/", env, stream: true });
  return {
    input: child.stdin,
    output: child.stdout,
    errors: child.stderr,
    closed: child.ended.then((ended) => `${words[0]} ${endOf(ended)}`),
    close: () => {
      if (child.pid !== undefined) killGroup(child.pid);
    },
    unref: child.unref,
  };
}

function endOf({ code, signal, failure }: HostChildEnd): string {
  if (failure !== undefined) return `cannot be started (${failure})`;
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
