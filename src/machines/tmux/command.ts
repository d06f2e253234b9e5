import { TmuxError, TmuxMissingError } from "../errors.ts";
import type { Argv, ExecResult, Machine } from "../machine.ts";
import { literal } from "./words.ts";

export interface TmuxServer {
  readonly socket: string;
  readonly configPath: string;
  /** The longest command, in ms. Default: 10_000. */
  readonly timeoutMs?: number | undefined;
}

export interface TmuxCommandOptions {
  /** Start the server when there is none. Default: false, so that no other command stays in its command line. */
  readonly startsServer?: boolean | undefined;
  readonly input?: string | undefined;
  /** Default: the server's; 0 means no limit. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The outcome of a tmux command: `absent` when there is no such session, or no server at all. */
export type TmuxOutcome =
  /** The command went well. */
  | { readonly type: "done"; readonly stdout: string }
  /** There is no such session; `server` says whether there is a server. */
  | { readonly type: "absent"; readonly server: boolean; readonly said: string };

/** One tmux server, as its command line sees it. */
export class TmuxCommand {
  readonly #machine: Machine;
  readonly #server: TmuxServer;

  constructor(machine: Machine, server: TmuxServer) {
    this.#machine = machine;
    this.#server = server;
  }

  /** Run commands in one go. Throws TmuxMissingError, and TmuxError for any failure but absence. */
  async run(commands: readonly Argv[], options: TmuxCommandOptions = {}): Promise<TmuxOutcome> {
    const words = commands.flatMap((command, index) => [
      ...(index > 0 ? [";"] : []),
      ...command.map(literal),
    ]);
    const start = options.startsServer ? [] : ["-N"];
    const { socket, configPath, timeoutMs = 10_000 } = this.#server;
    const result = await this.#machine.exec(
      ["tmux", "-u", ...start, "-S", socket, "-f", configPath, ...words],
      { input: options.input, timeoutMs: options.timeoutMs ?? timeoutMs, signal: options.signal },
    );
    if (result.ok) return { type: "done", stdout: result.stdout };
    return this.#absence(result, commands[0]?.[0] ?? "");
  }

  /** Run commands that need their session to be there, and give what they printed. */
  async need(commands: readonly Argv[], options: TmuxCommandOptions = {}): Promise<string> {
    const outcome = await this.run(commands, options);
    if (outcome.type === "done") return outcome.stdout;
    throw new TmuxError(commands[0]?.[0] ?? "", outcome.said);
  }

  #absence(result: ExecResult, command: string): TmuxOutcome {
    if (result.exitCode === 127) throw new TmuxMissingError(this.#machine.summary);
    const said = result.stderr.trim() || `exit code ${result.exitCode}`;
    if (noServer.test(said)) return { type: "absent", server: true, said };
    if (noSession.test(said)) return { type: "absent", server: false, said };
    throw new TmuxError(command, said);
  }
}

const noServer = /no server running|error connecting to|server exited unexpectedly|lost server/;
const noSession = /can't find (session|window|pane)|no current target/;
