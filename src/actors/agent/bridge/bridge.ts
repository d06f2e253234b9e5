import { createHash, timingSafeEqual } from "node:crypto";
import { type Clock, systemClock } from "../../clock.ts";
import {
  closeCodes,
  type Door,
  type FromAgent,
  frameText,
  type LinkListener,
  type LocalLink,
  type Pass,
  parseToAgent,
  type ToAgent,
} from "../wire/index.ts";
import { type BridgeEvent, BridgeLink, type Guest, type LinkOptions } from "./link.ts";
import { type Listener, listenOnSocket, listenOnTcp, type TcpAddress } from "./listener.ts";

export type { BridgeEvent } from "./link.ts";

export interface BridgeOptions {
  /** The path of the Unix socket; its directory is made 0700, or must be so and belong to this user. */
  readonly socket: string;
  /** The clock of deadlines and pings. Default: the machine's own time. */
  readonly clock?: Clock | undefined;
  /** Called for every link that was refused or broken. Default: nobody. */
  readonly log?: ((event: BridgeEvent) => void) | undefined;
  /** Also listen here, for machines that cannot reach the socket. Default: no. */
  readonly tcp?: TcpAddress | undefined;
  /** The most connections at a time, welcome or not. Default: 4_096. */
  readonly maxConnections?: number | undefined;
}

/** The runtime's door for agents. A client needs a token; everything that it sends is checked. */
export interface Bridge extends Door {
  /** Close every link and listener and remove the socket. Idempotent. */
  close(): Promise<void>;
}

const helloDeadlineMs = 5_000;
const maxBacklogBytes = 4 * 1_048_576;

/** Open the door. Rejects with SocketPathTooLongError or UnsafeSocketError. */
export async function openBridge(options: BridgeOptions): Promise<Bridge> {
  const guests = new Guests();
  const link: LinkOptions = {
    clock: options.clock ?? systemClock,
    log: options.log ?? (() => {}),
    find: (hello) => guests.find(hello),
    helloDeadlineMs,
    maxBacklogBytes,
  };
  const accept = {
    link,
    maxConnections: options.maxConnections ?? 4_096,
    knows: (token: string) => guests.knows(token),
  };
  const socket = await listenOnSocket(options.socket, accept);
  let tcp: Listener | undefined;
  try {
    if (options.tcp) tcp = await listenOnTcp(options.tcp, accept);
  } catch (error) {
    await socket.close();
    throw error;
  }
  return {
    socket: options.socket,
    url: tcp?.url,
    keepOpen: () => socket.keepOpen(),
    admit: (pass, listener) => guests.admit(pass, listener),
    connect: (received, closed) => connectLocally(link, received, closed),
    close: async () => {
      guests.dismissAll();
      await Promise.all([socket.close(), tcp?.close()]);
    },
  };
}

/**
 * The agents that may come in. Tokens are kept and compared as digests, so that the time of a
 * comparison tells nothing of them.
 */
class Guests {
  readonly #byPath = new Map<string, { readonly guest: Guest; readonly digest: Buffer }>();

  admit(pass: Pass, listener: LinkListener): () => void {
    const entry = {
      guest: { pass, listener } satisfies Guest as Guest,
      digest: digest(pass.token),
    };
    const earlier = this.#byPath.get(pass.path);
    this.#byPath.set(pass.path, entry);
    earlier?.guest.link?.close(closeCodes.staleEpoch, "a newer epoch was admitted");
    return () => {
      if (this.#byPath.get(pass.path) === entry) this.#byPath.delete(pass.path);
      entry.guest.link?.close(closeCodes.ended, "the agent has ended");
    };
  }

  find(hello: Extract<FromAgent, { type: "hello" }>): Guest | undefined {
    const entry = this.#byPath.get(hello.path);
    return entry && timingSafeEqual(entry.digest, digest(hello.token)) ? entry.guest : undefined;
  }

  knows(token: string): boolean {
    const given = digest(token);
    let known = false;
    for (const entry of this.#byPath.values())
      known = timingSafeEqual(entry.digest, given) || known;
    return known;
  }

  dismissAll(): void {
    for (const { guest } of [...this.#byPath.values()])
      guest.link?.close(1001, "the runtime has closed its door");
    this.#byPath.clear();
  }
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/**
 * Connect an agent in this process. Frames cross as text and in later microtasks: checked and never
 * re-entrant, as over a socket.
 */
function connectLocally(
  options: LinkOptions,
  received: (frame: ToAgent) => void,
  closed: (code: number) => void,
): LocalLink {
  let open = true;
  const shut = (code: number) => {
    if (!open) return;
    open = false;
    queueMicrotask(() => closed(code));
  };
  const link = new BridgeLink(
    {
      backlog: 0,
      send: (text) => queueMicrotask(() => open && received(parseToAgent(text))),
      close: shut,
    },
    options,
  );
  return {
    send: (frame) => {
      if (!open) return;
      const text = textOrNothing(frame);
      queueMicrotask(() => link.received(text));
    },
    close: () => {
      open = false;
      queueMicrotask(() => link.wireClosed(1000, "closed by the agent"));
    },
  };
}

/** Write a frame. One that is too big becomes text that nobody can read, and ends the link as on a socket. */
function textOrNothing(frame: FromAgent): string {
  try {
    return frameText(frame);
  } catch {
    return "";
  }
}
