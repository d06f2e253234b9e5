import { constants } from "node:os";
import { unsafeWord } from "../errors.ts";
import type { Argv } from "../machine.ts";
import { formatPath } from "./words.ts";

export interface PaneCommand {
  /** Words, run without a shell. Anyone on the machine can read them: no secrets. */
  readonly command: Argv;
  /** Must exist. Default: the machine's work directory; for a respawn, where the pane started. */
  readonly cwd?: string | undefined;
  /** Added to the server's environment; readable to anyone for a moment: no secrets. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface PaneStatus {
  /** True when the pane's process has ended; the pane itself stays. */
  readonly dead: boolean;
  /** The exit code of the pane's process, when it has one. */
  readonly status?: number | undefined;
  /** The signal that ended it, such as `SIGKILL`. */
  readonly signal?: string | undefined;
  /** The process that was started in it. */
  readonly pid: number;
}

/** The target that is exactly this session: without `=`, a name stands for all that it begins. */
export function sessionOf(name: string): string {
  return `=${name}`;
}

/** With the colon, `=` means the session also where tmux looks for a pane. */
export function paneOf(name: string): string {
  return `=${name}:`;
}

/** Write the words that tell `new-session` and `respawn-pane` of the command. */
export function paneWords({ command, cwd, env }: PaneCommand): Argv {
  if (!command[0]) throw unsafeWord("", "the first word names the program to run");
  const folder = cwd === undefined ? [] : ["-c", formatPath(cwd)];
  const variables = Object.entries(env ?? {}).flatMap(([key, value]) => ["-e", `${key}=${value}`]);
  // A single word would be a line for a shell.
  const words = command.length > 1 ? command : ["sh", "-c", 'exec "$0"', ...command];
  return [...folder, ...variables, "--", ...words];
}

/** The question to tmux whose answer `parsePaneStatus` reads. */
export const paneStatusFormat = "#{pane_dead}|#{pane_dead_status}|#{pane_dead_signal}|#{pane_pid}";

export function parsePaneStatus(line: string): PaneStatus {
  const [dead, status, signal, pid] = line.trim().split("|");
  return {
    dead: dead === "1",
    status: status ? Number(status) : undefined,
    signal: signal ? signalName(Number(signal)) : undefined,
    pid: Number(pid),
  };
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] ?? `signal ${number}`;
}
