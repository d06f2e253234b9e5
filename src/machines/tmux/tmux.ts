import { posix } from "node:path";
import { MachineFileError, TmuxError, TmuxMissingError, UnsupportedError } from "../errors.ts";
import { pause } from "../local/index.ts";
import type { Argv, Machine } from "../machine.ts";
import { assertSocketPath } from "../shell.ts";
import { sweep } from "../sweep.ts";
import { TmuxCommand } from "./command.ts";
import {
  type PaneCommand,
  type PaneStatus,
  paneOf,
  paneStatusFormat,
  paneWords,
  parsePaneStatus,
  sessionOf,
} from "./pane.ts";
import {
  appendLine,
  assertName,
  detachedSize,
  formatPath,
  statusLine,
  tmuxConfig,
} from "./words.ts";

export interface TmuxOptions {
  /** Absolute path of the server's socket on the machine; at most 107 bytes. Its folder is made, 0700. */
  readonly socket: string;
  /** Absolute path on the machine where our configuration is written. */
  readonly configPath: string;
  /** The longest tmux command, in ms, before the server counts as hanging. Default: 10_000. */
  readonly timeoutMs?: number | undefined;
}

export interface NewSession extends PaneCommand {
  readonly name: string;
  /** Default: 120. */
  readonly cols?: number | undefined;
  /** Default: 36. */
  readonly rows?: number | undefined;
  /** The line for a person who looks at it, beside how to leave: letters, digits, `_`, `-` and `/`. Default: no such line. */
  readonly place?: string | undefined;
}

/**
 * Make a client of one private tmux server on a machine. Touches nothing yet.
 *
 * Sessions have one window with one pane each, and names of letters, digits, `_` and `-`, matched
 * exactly. Throws SocketPathTooLongError, and MisuseError (`unsafe-word`) for a path that tmux would read as
 * a command.
 */
export function createTmux(machine: Machine, options: TmuxOptions): Tmux {
  assertSocketPath(options.socket);
  formatPath(options.socket);
  formatPath(options.configPath);
  return new Tmux(machine, options);
}

export class Tmux {
  readonly #machine: Machine;
  readonly #options: TmuxOptions;
  readonly #tmux: TmuxCommand;
  #serverPid: number | undefined;

  constructor(machine: Machine, options: TmuxOptions) {
    this.#machine = machine;
    this.#options = options;
    this.#tmux = new TmuxCommand(machine, options);
  }

  /** Tell the version, such as `3.3a`. Throws TmuxMissingError when there is none, or one before 3.2. */
  async version(): Promise<string> {
    const { ok, stdout } = await this.#machine.exec(["tmux", "-V"], { timeoutMs: 10_000 });
    const found = ok ? stdout.trim().replace(/^tmux /, "") : undefined;
    const [, major, minor] = /(\d+)\.(\d+)/.exec(found ?? "") ?? [];
    if (found === undefined) throw new TmuxMissingError(this.#machine.summary);
    if (found !== "master" && Number(major) * 100 + Number(minor) < 302) {
      throw new TmuxMissingError(this.#machine.summary, found);
    }
    return found;
  }

  /** Start the server, by a command that tells nothing, unless it runs; gives its pid. `newSession` does so by itself. */
  async startServer(): Promise<number> {
    const { socket, configPath } = this.#options;
    await this.version();
    await this.#makeFolder(posix.dirname(socket));
    await this.#machine.writeFile(configPath, tmuxConfig, { mode: 0o600 });
    const started = [["start-server"], ["display-message", "-p", "#{pid}"]];
    const pid = Number(await this.#tmux.need(started, { startsServer: true }));
    this.#serverPid = pid;
    return pid;
  }

  /** Start a command in a session of its own. Throws TmuxError when the name is taken. */
  async newSession(session: NewSession): Promise<{ readonly pid: number }> {
    const { cols = detachedSize.cols, rows = detachedSize.rows, place } = session;
    const name = assertName("a tmux session", session.name);
    const cwd = session.cwd ?? this.#machine.workDir;
    await this.#assertFolder(cwd);
    const create = ["new-session", "-d", "-s", name, "-n", name, "-x", `${cols}`, "-y", `${rows}`];
    const commands = [
      [...create, "-P", "-F", "#{pane_pid}", ...paneWords({ ...session, cwd })],
      ["set-option", "-w", "-t", paneOf(name), "remain-on-exit", "on"],
      ...(place === undefined ? [] : placeCommands(name, place)),
    ];
    const first = await this.#tmux.run(commands);
    if (first.type === "done") return { pid: Number(first.stdout) };
    await this.startServer();
    return { pid: Number(await this.#tmux.need(commands)) };
  }

  /** Start a command in the pane of a session, in place of what ran there: attached clients stay. */
  async respawnPane(name: string, pane: PaneCommand): Promise<void> {
    const target = paneOf(assertName("a tmux session", name));
    if (pane.cwd !== undefined) await this.#assertFolder(pane.cwd);
    await this.#tmux.need([["respawn-pane", "-k", "-t", target, ...paneWords(pane)]]);
  }

  /** End a session and all that runs in it, also what ignores SIGHUP. One that is not there is no error. */
  async killSession(name: string): Promise<void> {
    const session = sessionOf(assertName("a tmux session", name));
    const asked = await this.#tmux.run([
      ["list-panes", "-s", "-t", session, "-F", "#{pid},#{session_id}"],
      ["kill-session", "-t", session],
    ]);
    if (asked.type === "absent") return;
    const owner = asked.stdout.trim().split("\n")[0]?.replace("$", "");
    await this.#endPanes({ session: owner });
  }

  /** Tell whether there is a session of exactly this name; false too when there is no server. */
  async hasSession(name: string): Promise<boolean> {
    const session = sessionOf(assertName("a tmux session", name));
    return (await this.#tmux.run([["has-session", "-t", session]])).type === "done";
  }

  /** List the names of the sessions; none when there is no server. */
  async listSessions(): Promise<readonly string[]> {
    const listed = await this.#tmux.run([["list-sessions", "-F", "#{session_name}"]]);
    return listed.type === "done" ? listed.stdout.split("\n").filter((name) => name !== "") : [];
  }

  /** Tell how the process in a session's pane is; undefined when there is no such session. */
  async paneStatus(name: string): Promise<PaneStatus | undefined> {
    const target = paneOf(assertName("a tmux session", name));
    const ask = ["list-panes", "-t", target, "-F", paneStatusFormat];
    for (let nudges = 0; ; nudges += 1) {
      const asked = await this.#tmux.run([ask]);
      if (asked.type === "absent") return undefined;
      const status = parsePaneStatus(asked.stdout);
      const known = !status.dead || status.status !== undefined || status.signal !== undefined;
      if (known || nudges === 5) return status;
      // tmux may have missed how it ended; the end of any other child makes it look again.
      await this.#tmux.run([["run-shell", "true"]]);
      await pause(20);
    }
  }

  /**
   * Read the text of a pane; undefined when there is no such session.
   *
   * `historyLines` adds that many lines above the screen, `escapes` keeps colours. In a dead pane
   * tmux says so at the bottom, which moves the top line up into the history.
   */
  async capturePane(
    name: string,
    options: { readonly historyLines?: number | undefined; readonly escapes?: boolean } = {},
  ): Promise<string | undefined> {
    const target = paneOf(assertName("a tmux session", name));
    const history = options.historyLines === undefined ? [] : ["-S", `-${options.historyLines}`];
    const escapes = options.escapes ? ["-e"] : [];
    const captured = await this.#tmux.run([
      ["capture-pane", "-p", ...escapes, ...history, "-t", target],
    ]);
    return captured.type === "done" ? captured.stdout : undefined;
  }

  /** Put text into a pane as a paste, of any length. It is not submitted: see `sendKeys`. Throws for a dead pane. */
  async paste(name: string, text: string): Promise<void> {
    const target = paneOf(assertName("a tmux session", name));
    const buffer = `paste-${name}`;
    // tmux 3.3a crashes on a paste into a dead pane, so the server itself looks first.
    const paste = `paste-buffer -p -d -b ${buffer} -t ${target}`;
    const dead = `delete-buffer -b ${buffer} ; display-message -p dead`;
    const said = await this.#tmux.need(
      [
        ["load-buffer", "-b", buffer, "-"],
        ["if-shell", "-F", "-t", target, "#{pane_dead}", dead, paste],
      ],
      { input: text },
    );
    if (said.trim() === "dead") throw new TmuxError("paste", `the pane of ${name} is dead`);
  }

  /** Press keys by their tmux names, such as `Enter`, `Escape` or `C-c`. */
  async sendKeys(name: string, ...keys: readonly string[]): Promise<void> {
    const target = paneOf(assertName("a tmux session", name));
    await this.#tmux.need([["send-keys", "-t", target, "--", ...keys]]);
  }

  /**
   * Wait until a channel is signalled; one signal from before counts.
   *
   * Rejects with the signal's reason, and with TmuxError when the server ends.
   */
  async waitFor(
    channel: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    assertName("a tmux channel", channel);
    await this.#tmux.need([["wait-for", channel]], { timeoutMs: 0, signal: options.signal });
  }

  /** Wake all that wait for a channel, or the next one to wait. */
  async signalChannel(channel: string): Promise<void> {
    assertName("a tmux channel", channel);
    await this.#tmux.need([["wait-for", "-S", channel]]);
  }

  /** Append all that a pane shows from now on, escapes included, to a file on the machine, made 0600. */
  async pipePane(name: string, path: string): Promise<void> {
    const target = paneOf(assertName("a tmux session", name));
    await this.#tmux.need([["pipe-pane", "-t", target, appendLine(path)]]);
  }

  /** The words with which a person's terminal, on this host, shows a session. Never starts a server. */
  attachArgv(name: string, options: { readonly readOnly?: boolean } = {}): Argv {
    const session = sessionOf(assertName("a tmux session", name));
    if (!this.#machine.shell) throw new UnsupportedError(this.#machine.kind, "shell");
    const readOnly = options.readOnly ? ["-r"] : [];
    const outer = ["env", "-u", "TMUX", "-u", "TMUX_PANE"];
    const tmux = ["tmux", "-u", "-N", "-S", this.#options.socket];
    return this.#machine.shell([...outer, ...tmux, "attach-session", ...readOnly, "-t", session]);
  }

  /** End the server, every session and whatever runs in them; resolves when nothing of it lives. Idempotent. */
  async killServer(): Promise<void> {
    const { socket } = this.#options;
    const asked = await this.#tmux
      .run([["display-message", "-p", "#{pid}"], ["kill-server"]])
      .catch((error: unknown) => {
        // It hangs, and is killed below; or there never was a tmux.
        if (error instanceof TmuxError || error instanceof TmuxMissingError) return undefined;
        throw error;
      });
    const serverPid = asked?.type === "done" ? Number(asked.stdout) : this.#serverPid;
    await this.#endPanes({ serverPid });
    await this.#machine.exec(["rm", "-f", "--", socket]);
  }

  /**
   * End what still runs in panes, of one session (`server pid,session number`) or of every server that
   * this socket had: tmux only sends a SIGHUP, and only to the pane's own group.
   */
  async #endPanes(of: {
    readonly session?: string | undefined;
    readonly serverPid?: number | undefined;
  }): Promise<void> {
    const { socket } = this.#options;
    const marker = `TMUX=${socket},${of.session ?? ""}`;
    const prefix = of.session === undefined;
    const left = await sweep(this.#machine, { marker, prefix, tmuxServer: of.serverPid }, "none");
    if (left.length === 0) return;
    throw new TmuxError("kill", `processes of ${socket} live on after SIGKILL: ${left.join(" ")}`);
  }

  async #makeFolder(path: string): Promise<void> {
    const made = await this.#machine.exec(["mkdir", "-p", "-m", "700", "--", path]);
    if (!made.ok) throw new MachineFileError("make the folder", path, made.stderr.trim());
  }

  /** tmux itself would start the command somewhere else without a word. */
  async #assertFolder(path: string): Promise<void> {
    const { ok } = await this.#machine.exec(["test", "-d", path]);
    if (!ok) throw new MachineFileError("start a pane in", path, "no such directory");
  }
}

function placeCommands(name: string, place: string): readonly Argv[] {
  const target = paneOf(name);
  return [
    ["set-option", "-t", target, "status-format[0]", statusLine(place)],
    ["set-option", "-t", target, "status", "on"],
  ];
}
