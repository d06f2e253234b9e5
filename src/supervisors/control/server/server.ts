import { once } from "node:events";
import { chmod, lstat } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { isMainThread } from "node:worker_threads";
import { type Clock, systemClock } from "../../../actors/clock.ts";
import { HomeError, SocketPathTooLongError } from "../../../machines/errors.ts";
import { privateDirectory } from "../../../machines/local/index.ts";
import { maxSocketPathBytes } from "../../home/index.ts";
import { ControlError } from "../error.ts";
import { errorLine } from "../rpc.ts";
import type { ServedRun } from "../served-run.ts";
import { type ConnectionLimits, ControlConnection } from "./connection.ts";

export interface ControlServerOptions {
  /** The Unix socket's path; nothing may be there yet. */
  readonly socket: string;
  readonly run: ServedRun;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<ControlLimits> | undefined;
}

export interface ControlLimits extends ConnectionLimits {
  /** Clients at once. Default: 64. */
  readonly connections: number;
  /** The time that `close` gives clients to read their refusals, in ms. Default: 1_000. */
  readonly closeMs: number;
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
};

/**
 * Serve a run's control clients at a Unix socket that only this user can open.
 *
 * Throws HomeError when the socket's directory is not this user's alone or the
 * path is taken, SocketPathTooLongError when the system could not hold it.
 */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socket, clock = systemClock } = options;
  const limits = { ...defaults, ...options.limits };
  const bytes = Buffer.byteLength(socket);
  if (bytes > maxSocketPathBytes)
    throw new SocketPathTooLongError(socket, bytes, maxSocketPathBytes);
  await privateDirectory(dirname(socket));
  const open = new Set<ControlConnection>();
  const service = { run: options.run, clock, limits };
  const server = createServer((client) => {
    if (open.size >= limits.connections) return refuse(client);
    const connection = new ControlConnection(client, service);
    open.add(connection);
    client.once("close", () => open.delete(connection));
  });
  await listen(server, socket);
  return { close: () => close(server, open, { clock, closeMs: limits.closeMs }) };
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

function refuse(client: Socket): void {
  client.on("error", () => {});
  const busy = new ControlError("busy", "The run has too many control clients.");
  client.end(errorLine(null, busy));
  client.resume();
}

async function close(
  server: Server,
  open: ReadonlySet<ControlConnection>,
  { clock, closeMs }: { readonly clock: Clock; readonly closeMs: number },
): Promise<void> {
  const closed = new Promise<void>((settle) => server.close(() => settle()));
  for (const connection of open) connection.close();
  const late = clock.setTimer(closeMs, () => {
    for (const connection of open) connection.destroy();
  });
  await closed;
  late.cancel();
}
