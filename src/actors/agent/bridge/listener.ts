import { lstatSync } from "node:fs";
import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { dirname, isAbsolute } from "node:path";
import type { Duplex } from "node:stream";
import { isMainThread } from "node:worker_threads";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { assertSocketPath } from "../../../machines/shell.ts";
import type { ClockTimer } from "../../clock.ts";
import { UnsafeSocketError } from "../errors.ts";
import { closeCodes, maxFrameBytes } from "../wire/index.ts";
import { BridgeLink, type LinkOptions } from "./link.ts";

export interface TcpAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The address that agents dial instead, where something in between forwards to us: `http://` or `https://`. */
  readonly baseUrl?: string | undefined;
}

export interface AcceptOptions {
  readonly link: LinkOptions;
  readonly maxConnections: number;
  /** Tells whether some guest has this token, before any frame is read. */
  readonly knows: (token: string) => boolean;
}

export interface Listener {
  /** The address that a client dials; none for a Unix socket. */
  readonly url?: string | undefined;
  close(): Promise<void>;
}

export interface SocketListener extends Listener {
  /** Listen again if the socket's file is gone; links that are open stay open. Undefined: it is there. Rejects with UnsafeSocketError. */
  keepOpen(): Promise<void> | undefined;
}

const pingEveryMs = 15_000;
const pingsMissed = 2;
const closeGraceMs = 1_000;
const handshakeMs = 5_000;

/** Listen on a Unix socket that nobody but this user can open. */
export async function listenOnSocket(path: string, accept: AcceptOptions): Promise<SocketListener> {
  const listener = new WebSocketListener(accept, {
    refusal: (request) => refusalOf(request.headers.authorization, accept, false),
    tick: () => void keepOpen()?.catch((error: unknown) => told(String(error))),
  });
  const told = (reason: string) => accept.link.log({ type: "door-lost", code: 0, reason });
  const open = async (refused: string) => {
    await checkSocketPath(path);
    try {
      await listener.listen((server) => listenAt0600(server, path));
      await chmod(path, 0o600);
      return inodeOf(path);
    } catch (error) {
      throw new UnsafeSocketError(path, refused, { cause: error });
    }
  };
  let ours = await open("the system refused to listen there");
  const reopen = async () => {
    told(`${path} was deleted; it is opened again`);
    ours = await open("its file was deleted, and the system refused to make it again");
  };
  let reopening: Promise<void> | undefined;
  // Looked at without a wait: a start of an agent takes no turn of the event loop for it.
  const keepOpen = () => {
    if (reopening === undefined && (listener.isClosed || inodeOf(path) === ours)) return undefined;
    reopening ??= reopen().finally(() => {
      reopening = undefined;
    });
    return reopening;
  };
  return {
    keepOpen,
    close: async () => {
      await listener.close();
      if (inodeOf(path) === ours) await rm(path, { force: true });
    },
  };
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

/** Listen on a loopback port, for clients that name exactly it, are no web page and have a token. */
export async function listenOnTcp(at: TcpAddress, accept: AcceptOptions): Promise<Listener> {
  const hosts = new Set<string>();
  const listener = new WebSocketListener(accept, {
    refusal: (request) => {
      if (!hosts.has(request.headers.host ?? "")) return "421 Misdirected Request";
      if (request.headers.origin !== undefined) return "403 Forbidden";
      return refusalOf(request.headers.authorization, accept, true);
    },
  });
  const server = await listener.listen((made) => made.listen(at.port, at.host));
  const bound = server.address();
  const port = typeof bound === "object" && bound ? bound.port : at.port;
  const host = `${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`;
  const url = new URL(at.baseUrl ?? `http://${host}/`);
  hosts.add(host).add(url.host);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return { url: url.href, close: () => listener.close() };
}

async function checkSocketPath(path: string): Promise<void> {
  assertSocketPath(path);
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

/** Listen with the right mode from the start: a later chmod would leave a moment for others. */
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

interface ListenerRules {
  /** Gives the status line for a request that is turned away. */
  refusal(request: IncomingMessage): string | undefined;
  /** Is called at each round of pings. */
  tick?(): void;
}

/** Takes WebSocket connections and gives each a BridgeLink. */
class WebSocketListener {
  readonly #accept: AcceptOptions;
  readonly #rules: ListenerRules;
  readonly #sockets: WebSocketServer;
  /** The servers. All but the last listen no more, and keep the links that came over them. */
  readonly #servers: Server[] = [];
  /** Each open link, with the pings since it was last heard. */
  readonly #unanswered = new Map<WebSocket, number>();
  #pinging: ClockTimer | undefined;
  #isClosed = false;

  constructor(accept: AcceptOptions, rules: ListenerRules) {
    this.#accept = accept;
    this.#rules = rules;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      maxFragments: 1_024,
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Listen, in place of where it listened before: `start` says where. */
  async listen(start: (server: Server) => void): Promise<Server> {
    // A server that closes deletes the file at its path, so it closes before the next one makes it.
    this.#servers.at(-1)?.close();
    if (this.#isClosed) throw new Error("the door was closed");
    const server = this.#newServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.once("listening", () => {
        server.off("error", reject);
        server.on("error", () => {});
        resolve();
      });
      start(server);
    });
    this.#servers.push(server);
    this.#pingLater();
    return server;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pinging?.cancel();
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const socket of this.#sockets.clients) socket.close(1001);
    const { clock } = this.#accept.link;
    const hurry = clock.setTimer(closeGraceMs, () => {
      for (const socket of this.#sockets.clients) socket.terminate();
    });
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(closed);
    hurry.cancel();
  }

  #newServer(): Server {
    const server = createServer(
      { headersTimeout: handshakeMs, connectionsCheckingInterval: 1_000 },
      (_request, response) => response.writeHead(426).end(),
    );
    server.maxConnections = this.#accept.maxConnections;
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    return server;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => {});
    const refusal = this.#rules.refusal(request);
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
      this.#unanswered.set(socket, 0);
      if (isBinary) link.refuse(closeCodes.badFrame, "a binary message");
      else link.received(textOf(data));
    });
    socket.on("pong", () => this.#unanswered.set(socket, 0));
    socket.on("close", (code, reason) => {
      this.#unanswered.delete(socket);
      link.wireClosed(code, reason.toString());
    });
    this.#unanswered.set(socket, 0);
  }

  /** Close a socket, and cut it off if the other side does not close in time or reads nothing at all. */
  #closeSoon(socket: WebSocket, code: number, reason: string): void {
    socket.close(code, reasonThatFits(reason));
    const hurry = this.#accept.link.clock.setTimer(closeGraceMs, () => socket.terminate());
    socket.once("close", () => hurry.cancel());
  }

  #pingLater(): void {
    this.#pinging?.cancel();
    this.#pinging = this.#accept.link.clock.setTimer(pingEveryMs, () => {
      for (const [socket, unanswered] of this.#unanswered) this.#ping(socket, unanswered);
      this.#pingLater();
      this.#rules.tick?.();
    });
  }

  #ping(socket: WebSocket, unanswered: number): void {
    this.#unanswered.set(socket, unanswered + 1);
    if (unanswered < pingsMissed) socket.ping(() => {});
    else socket.terminate();
  }
}

/** Answer and close. After its upgrade no limit of the server ends a connection whose other side does not hang up. */
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
