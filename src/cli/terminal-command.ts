import { constants } from "node:os";
import { CliError, exitCodes } from "./cli-error.ts";

/** Refuse what needs a person's terminal where there is none. */
export function needTerminal(verb: string, todo = "Run it in a terminal."): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw new CliError(`${verb} needs a terminal.`, {
    exitCode: exitCodes.failed,
    why: "Standard input or output is not one.",
    todo,
  });
}

/**
 * Run a command with this terminal, or these pipes, as its own; its exit code becomes ours.
 *
 * It does not learn of a tmux around us: agents live in another server, and tmux refuses to nest.
 */
export async function handOver(argv: readonly string[]): Promise<void> {
  const [file, ...args] = argv;
  if (file === undefined) throw new Error("The run gave no command.");
  const { execa } = await import("execa");
  const { TMUX: _tmux, TMUX_PANE: _pane, ...env } = process.env;
  // Ctrl-C is the command's: it sits in the same foreground group, and we wait for its end.
  for (const signal of ["SIGINT", "SIGQUIT"])
    process.removeAllListeners(signal).on(signal, () => {});
  const ended = await execa(file, args, { stdio: "inherit", reject: false, env, extendEnv: false });
  if (ended.exitCode === undefined && ended.signal === undefined) throw notStarted(file, ended);
  process.exitCode = ended.exitCode ?? 128 + (constants.signals[ended.signal ?? "SIGTERM"] ?? 0);
}

function notStarted(file: string, cause: { readonly shortMessage?: string | undefined }): CliError {
  return new CliError(`${file} could not be started.`, {
    exitCode: exitCodes.failed,
    why: cause.shortMessage,
    todo: `Is ${file} installed here and on the PATH?`,
    cause,
  });
}
