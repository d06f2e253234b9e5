import { connect, type NetConnectOpts } from "node:net";
import { WebSocket } from "ws";
import {
  type AgentConnection,
  AgentEnd,
  BadFrameError,
  type ConnectionEvents,
  closeCodes,
  type FromAgent,
  frameText,
  maxFrameBytes,
  parseFromAgent,
  parseToAgent,
  type ToAgent,
} from "../../wire/index.ts";
import { later } from "./pi.ts";

/** The place of the runtime, and the agent's token: read from a file that only this user can open. */
export interface Address {
  readonly socket?: string | undefined;
  /** Used where there is no socket to reach: `ws://host:port/`. */
  readonly url?: string | undefined;
  readonly token: string;
}

export interface LinkEvents {
  hello(): FromAgent;
  received(frame: ToAgent): void;
  /** The runtime welcomed this link; `again` when it is not the first one. */
  welcomed(again: boolean): void;
  lost(): void;
  /** The runtime wants no link of this agent any more. */
  dismissed(code: number): void;
}

const firstRetryMs = 100;
const longestRetryMs = 2_000;

/** A link to the runtime that comes back by itself. */
export class ExtensionLink {
  readonly #end: AgentEnd<string>;

  constructor(address: Address, events: LinkEvents) {
    this.#end = new AgentEnd({
      later,
      dial: (connection) => dialed(address, connection),
      hello: () => frameText(events.hello()),
      received: (frame) => events.received(frame),
      welcomed: (again) => events.welcomed(again),
      lost: () => events.lost(),
      dismissed: (code) => events.dismissed(code),
      retryMs: (failures) =>
        Math.min(longestRetryMs, firstRetryMs * 2 ** failures) * (0.8 + Math.random() * 0.4),
    });
  }

  open(): void {
    this.#end.open();
  }

  /** Send a frame now, or when the runtime is back. Throws BadFrameError when the runtime would not take it. */
  send(frame: FromAgent): void {
    const text = frameText(frame);
    parseFromAgent(text);
    this.#end.send(text);
  }

  /** Close for good. Resolves when the socket is closed, at most half a second later. */
  close(reason: string): Promise<void> {
    return this.#end.close(reason);
  }
}

function dialed(address: Address, events: ConnectionEvents): AgentConnection<string> {
  const socket = openSocket(address);
  socket.on("error", () => {});
  socket.on("open", () => events.opened());
  socket.on("message", (data) => {
    const frame = parsed(socket, String(data));
    if (frame) events.received(frame);
  });
  socket.on("close", (code) => events.closed(code));
  return {
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    cut: () => socket.terminate(),
  };
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
