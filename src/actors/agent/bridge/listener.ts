import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { dirname, isAbsolute } from "node:path";
import type { Duplex } from "node:stream";
import { isMainThread } from "node:worker_threads";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { SocketPathTooLongError } from "../../../machines/errors.ts";
import type { ClockTimer } from "../../clock.ts";
import { UnsafeSocketError } from "../errors.ts";
import { closeCodes, maxFrameBytes } from "../wire/index.ts";
import { BridgeLink, type LinkOptions } from "./link.ts";

export interface TcpAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What agents dial instead, where something in between forwards to us: `http://` or `https://`. */
  readonly baseUrl?: string | undefined;
}

export interface AcceptOptions {
  readonly link: LinkOptions;
  readonly maxConnections: number;
  /** Whether some guest has this token, before any frame is read. */
  readonly knows: (token: string) => boolean;
}

export interface Listener {
  /** What a client dials; none for a Unix socket. */
  readonly url?: string | undefined;
  close(): Promise<void>;
}

const pingEveryMs = 15_000;
const pingsMissed = 2;
const closeGraceMs = 1_000;
const handshakeMs = 5_000;

/** The most bytes that the kernel takes as the path of a Unix socket; Node cuts longer ones silently. */
const maxSocketPathBytes = 107;

/** Listen on a Unix socket that nobody but this user can open. */
export async function listenOnSocket(path: string, accept: AcceptOptions): Promise<Listener> {
  await checkSocketPath(path);
  const listener = new WebSocketListener(accept, (request) =>
    refusalOf(request.headers.authorization, accept, false),
  );
  try {
    await listener.listen(() => listenAt0600(listener.server, path));
    await chmod(path, 0o600);
  } catch (error) {
    throw new UnsafeSocketError(path, "the system refused to listen there", { cause: error });
  }
  return {
    close: async () => {
      await listener.close();
      await rm(path, { force: true });
    },
  };
}

/** Listen on a loopback port, for clients that name exactly it, are no web page and have a token. */
export async function listenOnTcp(at: TcpAddress, accept: AcceptOptions): Promise<Listener> {
  const hosts = new Set<string>();
  const listener = new WebSocketListener(accept, (request) => {
    if (!hosts.has(request.headers.host ?? "")) return "421 Misdirected Request";
    if (request.headers.origin !== undefined) return "403 Forbidden";
    return refusalOf(request.headers.authorization, accept, true);
  });
  await listener.listen(() => listener.server.listen(at.port, at.host));
  const bound = listener.server.address();
  const port = typeof bound === "object" && bound ? bound.port : at.port;
  const host = `${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`;
  const url = new URL(at.baseUrl ?? `http://${host}/`);
  hosts.add(host).add(url.host);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return { url: url.href, close: () => listener.close() };
}

async function checkSocketPath(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxSocketPathBytes) throw new SocketPathTooLongError(path, bytes, maxSocketPathBytes);
  if (!isAbsolute(path)) throw new UnsafeSocketError(path, "the path is not absolute");
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const found = await lstat(directory);
  if (!found.isDirectory()) throw new UnsafeSocketError(path, "its directory is a symbolic link");
  if (process.getuid && found.uid !== process.getuid())
    throw new UnsafeSocketError(path, "its directory belongs to another user");
  if ((found.mode & 0o077) !== 0)
    throw new UnsafeSocketError(path, "its directory is open to other users (chmod 700 it)");
}

/** The socket file has its mode from birth: a later chmod would leave a moment for others. */
function listenAt0600(server: Server, path: string): void {
  const mask = isMainThread ? process.umask(0o177) : undefined;
  try {
    server.listen(path);
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
}

function refusalOf(
  authorization: string | undefined,
  accept: AcceptOptions,
  needed: boolean,
): string | undefined {
  if (authorization === undefined) return needed ? "401 Unauthorized" : undefined;
  const token = /^Bearer (\S{1,256})$/.exec(authorization)?.[1];
  return token !== undefined && accept.knows(token) ? undefined : "401 Unauthorized";
}

/** Takes WebSocket connections and gives each a BridgeLink. */
class WebSocketListener {
  readonly server: Server;
  readonly #accept: AcceptOptions;
  readonly #sockets: WebSocketServer;
  /** Pings since a socket was last heard. */
  readonly #unanswered = new WeakMap<WebSocket, number>();
  #pinging: ClockTimer | undefined;

  constructor(accept: AcceptOptions, refusal: (request: IncomingMessage) => string | undefined) {
    this.#accept = accept;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      maxFragments: 1_024,
    });
    this.server = createServer(
      { headersTimeout: handshakeMs, connectionsCheckingInterval: 1_000 },
      (_request, response) => response.writeHead(426).end(),
    );
    this.server.maxConnections = accept.maxConnections;
    this.server.on("upgrade", (request, socket, head) =>
      this.#upgrade(request, socket, head, refusal(request)),
    );
  }

  listen(start: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.once("listening", () => {
        this.server.off("error", reject);
        this.server.on("error", () => {});
        this.#pingLater();
        resolve();
      });
      start();
    });
  }

  async close(): Promise<void> {
    this.#pinging?.cancel();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.#sockets.clients) socket.close(1001);
    const { clock } = this.#accept.link;
    const hurry = clock.setTimer(closeGraceMs, () => this.#terminateAll());
    this.server.closeAllConnections();
    await closed;
    hurry.cancel();
  }

  #terminateAll(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  #upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    refusal: string | undefined,
  ): void {
    socket.on("error", () => {});
    if (refusal === undefined)
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#opened(opened));
    else turnAway(socket, refusal);
  }

  #opened(socket: WebSocket): void {
    const { link: options } = this.#accept;
    const link = new BridgeLink(
      {
        get backlog() {
          return socket.bufferedAmount;
        },
        send: (text) => socket.send(text, () => {}),
        close: (code, reason) => this.#closeSoon(socket, code, reason),
      },
      options,
    );
    socket.on("error", (error) => link.refuse(closeCodes.badFrame, error.message));
    socket.on("message", (data, isBinary) => {
      this.#unanswered.delete(socket);
      if (isBinary) link.refuse(closeCodes.badFrame, "a binary message");
      else link.received(textOf(data));
    });
    socket.on("pong", () => this.#unanswered.delete(socket));
    socket.on("close", (code, reason) => link.wireClosed(code, reason.toString()));
  }

  /** Who does not close in time, or reads nothing at all, is cut off. */
  #closeSoon(socket: WebSocket, code: number, reason: string): void {
    socket.close(code, reasonThatFits(reason));
    const hurry = this.#accept.link.clock.setTimer(closeGraceMs, () => socket.terminate());
    socket.once("close", () => hurry.cancel());
  }

  #pingLater(): void {
    this.#pinging = this.#accept.link.clock.setTimer(pingEveryMs, () => {
      for (const socket of this.#sockets.clients) this.#ping(socket);
      this.#pingLater();
    });
  }

  #ping(socket: WebSocket): void {
    const unanswered = this.#unanswered.get(socket) ?? 0;
    this.#unanswered.set(socket, unanswered + 1);
    if (unanswered < pingsMissed) socket.ping(() => {});
    else socket.terminate();
  }
}

/** Past its upgrade a connection has no limit of the server's any more: it is closed, whether or not the other side hangs up. */
function turnAway(socket: Duplex, refusal: string): void {
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return data instanceof ArrayBuffer ? Buffer.from(data).toString() : data.toString();
}

/** A close frame holds 123 bytes of reason. */
function reasonThatFits(reason: string): string {
  return Buffer.byteLength(reason) <= 123 ? reason : `${reason.slice(0, 28)}…`;
}
