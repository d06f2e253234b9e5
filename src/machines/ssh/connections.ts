import { existsSync } from "node:fs";
import { join } from "node:path";
import { launchChild, pause, poll, startSubprocess } from "../local/index.ts";
import type { Argv } from "../machine.ts";
import { LostWay } from "../piped/index.ts";

/**
 * The number of commands on one connection: sshd allows ten by default, and a forward may need one.
 */
const sessionsEach = 8;
const connectMs = 20_000;

export interface ConnectionsOptions {
  /** The words of `ssh` with all its options, without the host. */
  readonly ssh: Argv;
  readonly host: string;
  /** A private folder of this host, with a short path: the connections' sockets lie in it. */
  readonly folder: string;
  /** Takes out of what ssh says what nobody may read. Default: nothing. */
  readonly hide?: ((text: string) => string) | undefined;
}

interface SharedConnection {
  readonly socket: string;
  readonly ready: Promise<void>;
  /** Resolves when the connection has ended, with what ssh said. */
  readonly ended: Promise<string>;
  readonly end: () => void;
  sessions: number;
  lost: boolean;
}

/** The connections to one host, as many as its commands need. Each is one `ssh` that others share. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #connections: SharedConnection[] = [];
  #count = 0;
  #closed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Take a place in a connection. Rejects with LostWay when none can be made. */
  async take(): Promise<{ readonly words: Argv; readonly lost: Promise<string>; free(): void }> {
    if (this.#closed) throw new LostWay("the connections were closed", "");
    const free = this.#connections.find(({ sessions, lost }) => !lost && sessions < sessionsEach);
    const connection = free ?? this.#connect();
    connection.sessions += 1;
    const release = (): void => {
      connection.sessions -= 1;
    };
    try {
      await connection.ready;
    } catch (error) {
      release();
      throw error;
    }
    const { ssh, host } = this.#options;
    let isFree = false;
    return {
      // Without the connection it would make one of its own: nothing of ours would know of it.
      words: [
        ...ssh,
        "-S",
        connection.socket,
        "-o",
        "ControlMaster=no",
        "-o",
        "ProxyCommand=false",
        host,
      ],
      lost: connection.ended,
      free: () => {
        if (!isFree) release();
        isFree = true;
      },
    };
  }

  /** Ask the first connection for something, such as a forward. Gives when that connection ends. */
  async ask(
    command: string,
    ...words: readonly string[]
  ): Promise<{ readonly lost: Promise<string> }> {
    const place = await this.take();
    try {
      const [first = "ssh", ...rest] = place.words;
      const asked = [first, "-O", command, ...words, ...rest];
      const { result } = startSubprocess(asked, {
        cwd: "/",
        env: process.env,
        timeoutMs: connectMs,
      });
      const { ok, stderr } = await result;
      if (!ok) throw new LostWay(`ssh cannot ${command}`, this.#said(stderr));
      return { lost: place.lost };
    } finally {
      place.free();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = this.#connections.splice(0);
    for (const { end } of open) end();
    await Promise.all(open.map(({ ended }) => ended));
  }

  #connect(): SharedConnection {
    this.#count += 1;
    const { ssh, host, folder } = this.#options;
    const socket = join(folder, `c${this.#count}`);
    const words = [...ssh, "-M", "-N", "-S", socket, "-o", "ControlPersist=no", host];
    const child = launchChild(words, { cwd: "/", env: process.env });
    const said: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length < 200) said.push(chunk);
    });
    child.stdout.resume();
    const ended = child.ended.then(async ({ code, failure }) => {
      connection.lost = true;
      const at = this.#connections.indexOf(connection);
      if (at >= 0) this.#connections.splice(at, 1);
      await pause(0);
      const text = this.#said(Buffer.concat(said).toString("utf8").trim());
      return failure === undefined
        ? text || `ssh ended with ${code}`
        : `ssh cannot be started (${failure})`;
    });
    const connection: SharedConnection = {
      socket,
      ended,
      ready: this.#ready(socket, ended),
      end: () => {
        if (child.pid !== undefined) process.kill(child.pid, "SIGTERM");
      },
      sessions: 0,
      lost: false,
    };
    connection.ready.catch(() => {});
    this.#connections.push(connection);
    return connection;
  }

  #said(text: string): string {
    return this.#options.hide?.(text) ?? text;
  }

  /** The connection's socket appears when the other side has let us in. */
  async #ready(socket: string, ended: Promise<string>): Promise<void> {
    let why: string | undefined;
    void ended.then((said) => {
      why = said;
    });
    const isThere = () => existsSync(socket) || why !== undefined;
    await poll(isThere, { withinMs: connectMs, everyMs: 10 });
    if (why !== undefined) throw new LostWay("ssh gets no connection", why);
    if (!existsSync(socket)) {
      throw new LostWay("ssh gets no connection", `no answer after ${connectMs / 1_000} s`);
    }
  }
}
