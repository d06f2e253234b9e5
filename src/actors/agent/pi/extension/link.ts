import { connect, type NetConnectOpts } from "node:net";
import { WebSocket } from "ws";
import {
  BadFrameError,
  closeCodes,
  type FromAgent,
  frameText,
  maxFrameBytes,
  parseFromAgent,
  parseToAgent,
  type ToAgent,
} from "../../wire/index.ts";
import type { Later } from "./pi.ts";

/** Where the runtime is and who we are: read from a file that only this user can open. */
export interface Address {
  readonly socket?: string | undefined;
  /** Used where there is no socket to reach: `ws://host:port/`. */
  readonly url?: string | undefined;
  readonly token: string;
}

export interface LinkEvents {
  readonly later: Later;
  hello(): FromAgent;
  received(frame: ToAgent): void;
  /** The runtime welcomed us; `again` when it is not the first time. */
  welcomed(again: boolean): void;
  lost(): void;
  /** The runtime wants no link of ours any more. */
  dismissed(code: number): void;
}

const finalCodes: ReadonlySet<number> = new Set([
  closeCodes.badToken,
  closeCodes.staleEpoch,
  closeCodes.replaced,
  closeCodes.ended,
]);
const firstRetryMs = 100;
const longestRetryMs = 2_000;
const welcomeWithinMs = 5_000;
const keptFrames = 1_000;

/** A link to the runtime that comes back by itself; what is sent meanwhile is kept, the newest 1,000 frames. */
export class ExtensionLink {
  readonly #address: Address;
  readonly #events: LinkEvents;
  #socket: WebSocket | undefined;
  #welcome = false;
  #welcomes = 0;
  #failures = 0;
  #closed = false;
  #kept: string[] = [];
  #cancelTimer: () => void = () => {};

  constructor(address: Address, events: LinkEvents) {
    this.#address = address;
    this.#events = events;
  }

  open(): void {
    if (this.#closed) return;
    const socket = openSocket(this.#address);
    this.#socket = socket;
    this.#welcome = false;
    this.#cancelTimer = this.#events.later(welcomeWithinMs, () => socket.terminate());
    socket.on("error", () => {});
    socket.on("open", () => socket.send(frameText(this.#events.hello())));
    socket.on("message", (data) => this.#received(socket, String(data)));
    socket.on("close", (code) => this.#lost(socket, code));
  }

  /** Queue a frame. Throws BadFrameError when the runtime would not take it. */
  send(frame: FromAgent): void {
    const text = frameText(frame);
    parseFromAgent(text);
    if (this.#welcome && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
    else if (this.#kept.push(text) > keptFrames) this.#kept.shift();
  }

  /** Close for good. Resolves when the socket is closed, at most half a second later. */
  close(reason: string): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    if (socket.readyState === WebSocket.OPEN) this.#flush(socket);
    return new Promise((resolve) => {
      socket.once("close", () => resolve());
      socket.close(1000, reason);
      this.#events.later(500, () => {
        socket.terminate();
        resolve();
      });
    });
  }

  #received(socket: WebSocket, text: string): void {
    if (socket !== this.#socket || this.#closed) return;
    const frame = parsed(socket, text);
    if (!frame) return;
    if (frame.type === "welcome") this.#welcomed(socket);
    else this.#events.received(frame);
  }

  #welcomed(socket: WebSocket): void {
    if (this.#welcome) return;
    this.#welcome = true;
    this.#failures = 0;
    this.#cancelTimer();
    this.#flush(socket);
    this.#events.welcomed(this.#welcomes++ > 0);
  }

  #flush(socket: WebSocket): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const text of kept) socket.send(text);
  }

  #lost(socket: WebSocket, code: number): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#cancelTimer();
    if (this.#welcome) this.#events.lost();
    this.#welcome = false;
    if (finalCodes.has(code)) {
      this.#closed = true;
      this.#events.dismissed(code);
      return;
    }
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#failures++);
    this.#cancelTimer = this.#events.later(delayMs * (0.8 + Math.random() * 0.4), () =>
      this.open(),
    );
  }
}

function openSocket({ socket, url, token }: Address): WebSocket {
  const options = { perMessageDeflate: false, maxPayload: maxFrameBytes, followRedirects: false };
  if (socket === undefined) {
    const headers = { authorization: `Bearer ${token}` };
    return new WebSocket(url ?? "", { ...options, headers });
  }
  const toSocket: NetConnectOpts = { path: socket };
  return new WebSocket("ws://ramure/", { ...options, createConnection: () => connect(toSocket) });
}

function parsed(socket: WebSocket, text: string): ToAgent | undefined {
  try {
    return parseToAgent(text);
  } catch (error) {
    if (!(error instanceof BadFrameError)) throw error;
    socket.close(closeCodes.badFrame, error.reason.slice(0, 40));
    return undefined;
  }
}
