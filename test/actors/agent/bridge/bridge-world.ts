import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import {
  type Bridge,
  type BridgeEvent,
  openBridge,
} from "../../../../src/actors/agent/bridge/bridge.ts";
import type { Link, LinkListener } from "../../../../src/actors/agent/wire/harness.ts";
import {
  type FromAgent,
  parseToAgent,
  type ToAgent,
} from "../../../../src/actors/agent/wire/protocol.ts";
import { type ManualClock, manualClock } from "../../../../src/actors/manual-clock.ts";
import type { Hello } from "../wire/frame-samples.ts";

/** Something that happens once or more, to wait for. */
export class Heard<Item> {
  readonly items: Item[] = [];
  #waiting: { readonly is: (item: Item) => boolean; readonly tell: (item: Item) => void }[] = [];

  push(item: Item): void {
    this.items.push(item);
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ is }) => !is(item));
    for (const { is, tell } of waiting) if (is(item)) tell(item);
  }

  /** Resolve with the first item, past or future, that `is` says yes to. */
  first(is: (item: Item) => boolean = () => true): Promise<Item> {
    const found = this.items.find(is);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((tell) => this.#waiting.push({ is, tell }));
  }
}

/** A listener that writes down what it hears. */
export class Ears implements LinkListener {
  readonly opens = new Heard<{ readonly link: Link; readonly hello: Hello }>();
  readonly frames = new Heard<FromAgent>();
  readonly closes = new Heard<{ readonly link: Link; readonly code: number }>();
  opened(link: Link, hello: Hello): void {
    this.opens.push({ link, hello });
  }
  received(_link: Link, frame: FromAgent): void {
    this.frames.push(frame);
  }
  closed(link: Link, code: number): void {
    this.closes.push({ link, code });
  }
}

/** An agent's end of a socket, written down. */
export class Caller {
  readonly frames = new Heard<ToAgent>();
  readonly closes = new Heard<number>();
  readonly socket: WebSocket;

  constructor(url: string, options: { readonly headers?: Record<string, string> } = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on("message", (data) => this.frames.push(parseToAgent(String(data))));
    this.socket.on("close", (code) => this.closes.push(code));
    this.socket.on("error", () => {});
  }

  async send(frame: FromAgent | string): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING)
      await new Promise((resolve) => this.socket.once("open", resolve));
    this.socket.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }
}

export interface BridgeWorld extends AsyncDisposable {
  readonly bridge: Bridge;
  readonly clock: ManualClock;
  readonly log: Heard<BridgeEvent>;
  readonly directory: string;
  call(): Caller;
}

/** Open a bridge in a directory of its own. */
export async function bridgeWorld(
  options: { readonly tcp?: { readonly host: string; readonly port: number } } = {},
): Promise<BridgeWorld> {
  const directory = await mkdtemp(join(tmpdir(), "rb-"));
  const clock = manualClock();
  const log = new Heard<BridgeEvent>();
  const socket = join(directory, "b.sock");
  const bridge = await openBridge({ socket, clock, log: (event) => log.push(event), ...options });
  return {
    bridge,
    clock,
    log,
    directory,
    call: () => new Caller(`ws+unix:${socket}:/`),
    [Symbol.asyncDispose]: async () => {
      await bridge.close();
      await rm(directory, { recursive: true });
    },
  };
}
