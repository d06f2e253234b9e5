import { once } from "node:events";
import { lstatSync } from "node:fs";
import { chmod, lstat } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { isMainThread } from "node:worker_threads";
import { type Clock, type ClockTimer, upkeepClock } from "../../../actors/clock.ts";
import { HomeError } from "../../../machines/errors.ts";
import { privateDirectory } from "../../../machines/local/index.ts";
import { assertSocketPath } from "../../../machines/shell.ts";
import { ControlError } from "../error.ts";
import type { ServedRun } from "../served-run.ts";
import { type ConnectionLimits, ControlConnection, type Service } from "./connection.ts";

export interface ControlServerOptions {
  /** The Unix socket's path; nothing may be there yet. */
  readonly socket: string;
  readonly run: ServedRun;
  /** Is called at each look after the socket's file. Must not reject. Default: nothing. */
  readonly keep?: (() => Promise<void>) | undefined;
  /** Default: the system's, with timers that keep no program alive. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<ControlLimits> | undefined;
}

export interface ControlLimits extends ConnectionLimits {
  /** Clients at once. Default: 64. */
  readonly connections: number;
  /** The time between two looks at the socket's file, in ms. Default: 15_000. */
  readonly lookMs: number;
}

export interface ControlServer {
  /** Answer what is open with `shutting-down`, end every connection and remove the socket. Never rejects. */
  close(): Promise<void>;
}

const defaults: ControlLimits = {
  connections: 64,
  requests: 32,
  idleMs: 300_000,
  stalledMs: 30_000,
  queuedBytes: 8_388_608,
  closeMs: 1_000,
  lookMs: 15_000,
};

/** Clients that were refused and have not hung up yet, beside those that are served. */
const maxRefused = 256;

/**
 * Serve a run's control clients at a Unix socket that only this user can open.
 *
 * A socket whose file is deleted is opened again, which the journal says (`control-socket-lost`).
 *
 * Throws HomeError when the socket's directory is not this user's alone or the
 * path is taken, SocketPathTooLongError when the system could not hold it.
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socket, clock = upkeepClock } = options;
  const limits = { ...defaults, ...options.limits };
  assertSocketPath(socket);
  await privateDirectory(dirname(socket));
  const service = { run: options.run, keep: options.keep, clock, limits };
  const door = new ControlDoor(socket, service);
  await door.open();
  return door;
}

interface DoorService extends Service {
  readonly keep: ControlServerOptions["keep"];
  readonly limits: ControlLimits;
}

/** The socket of a run, and the clients that came in by it. */
class ControlDoor implements ControlServer {
  readonly #socket: string;
  readonly #service: DoorService;
  readonly #clients = new Set<ControlConnection>();
  /** The servers. All but the last listen no more, and keep the clients that came by them. */
  readonly #servers: Server[] = [];
  #inode: number | undefined;
  #looking: ClockTimer | undefined;
  #isClosed = false;

  constructor(socket: string, service: DoorService) {
    this.#socket = socket;
    this.#service = service;
  }

  async open(): Promise<void> {
    const server = createServer((client) => this.#came(client));
    server.maxConnections = this.#service.limits.connections + maxRefused;
    await listen(server, this.#socket);
    this.#servers.push(server);
    if (this.#isClosed) {
      server.close();
      return;
    }
    this.#inode = inodeOf(this.#socket);
    this.#lookLater();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#looking?.cancel();
    const closed = this.#servers.map(
      (server) => new Promise<void>((settle) => server.close(() => settle())),
    );
    for (const connection of this.#clients) connection.close();
    const { clock, limits } = this.#service;
    const late = clock.setTimer(limits.closeMs, () => {
      for (const connection of this.#clients) connection.destroy();
    });
    await Promise.all(closed);
    late.cancel();
  }

  #came(client: Socket): void {
    const connection = new ControlConnection(client, this.#service);
    this.#clients.add(connection);
    client.once("close", () => this.#clients.delete(connection));
    if (!this.#hasRoom()) connection.refuse(tooMany());
  }

  /** Make room for one more client. Where all places are taken, the client goes that has asked for nothing for the longest time. */
  #hasRoom(): boolean {
    const served = [...this.#clients].filter(({ isLeaving }) => !isLeaving);
    if (served.length <= this.#service.limits.connections) return true;
    // The last one has just come.
    const idle = served.slice(0, -1).filter(({ idleSince }) => idleSince !== undefined);
    const [longest] = idle.sort((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0));
    longest?.hangUp();
    return longest !== undefined;
  }

  #lookLater(): void {
    const { clock, limits } = this.#service;
    this.#looking = clock.setTimer(limits.lookMs, () => void this.#look());
  }

  /** Never rejects: what cannot be opened now is tried at the next look. */
  async #look(): Promise<void> {
    try {
      if (this.#inode === undefined || inodeOf(this.#socket) !== this.#inode) await this.#reopen();
      else this.#lookLater();
      if (!this.#isClosed) await this.#service.keep?.();
    } catch {
      if (!this.#isClosed) this.#lookLater();
    }
  }

  async #reopen(): Promise<void> {
    const data = { socket: this.#socket };
    if (this.#inode !== undefined)
      this.#service.run.journal.append({ type: "control-socket-lost", path: "/", data });
    this.#inode = undefined;
    // It deletes the file at its path, so it closes before the next one makes it. Its clients stay.
    this.#servers.at(-1)?.close();
    await privateDirectory(dirname(this.#socket));
    if (!this.#isClosed) await this.open();
  }
}

function tooMany(): ControlError {
  return new ControlError("busy", "The run has too many control clients.");
}

/** Give the inode of a socket; undefined when none can be seen at the path. */
function inodeOf(path: string): number | undefined {
  try {
    const found = lstatSync(path);
    return found.isSocket() ? found.ino : undefined;
  } catch {
    return undefined;
  }
}

async function listen(server: Server, socket: string): Promise<void> {
  bindPrivately(server, socket);
  await once(server, "listening").catch((error: unknown) => {
    throw new HomeError(socket, `cannot be listened on (${String(error)})`, error);
  });
  if (((await lstat(socket)).mode & 0o077) !== 0) await chmod(socket, 0o600);
  // From here on, a client that could not be accepted is that client's trouble alone.
  server.on("error", () => {});
}

/** The socket is 0600 from birth: `listen` binds before it returns. A worker thread cannot set the mask. */
function bindPrivately(server: Server, socket: string): void {
  if (!isMainThread) {
    server.listen(socket);
    return;
  }
  const mask = process.umask(0o177);
  try {
    server.listen(socket);
  } finally {
    process.umask(mask);
  }
}
