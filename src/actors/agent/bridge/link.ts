import type { Clock, ClockTimer } from "../../clock.ts";
import {
  BadFrameError,
  closeCodes,
  type FromAgent,
  frameText,
  type Link,
  type LinkListener,
  type Pass,
  parseFromAgent,
  protocolVersion,
  type ToAgent,
} from "../wire/index.ts";

type Hello = Extract<FromAgent, { type: "hello" }>;

/** A carrier of text frames to and from one agent: a WebSocket, or memory. */
export interface Wire {
  /** Bytes that were sent and have not left this process yet. */
  readonly backlog: number;
  send(text: string): void;
  close(code: number, reason: string): void;
}

/** An agent that may come in, and the link it came in by. */
export interface Guest {
  readonly pass: Pass;
  readonly listener: LinkListener;
  link?: BridgeLink | undefined;
}

/** Something that went wrong at the door, for the journal. */
export interface BridgeEvent {
  readonly type:
    | /** A connection was not let in. */ "link-refused"
    | /** A link ended because of what the other side did. */ "link-broken"
    | /** The socket's file was deleted. */ "door-lost";
  readonly code: number;
  readonly reason: string;
  /** The path of the agent whose link it was, when its hello had passed. */
  readonly path?: string | undefined;
}

export interface LinkOptions {
  readonly clock: Clock;
  readonly log: (event: BridgeEvent) => void;
  /** Finds the guest whose token the hello carries; undefined: nobody's. */
  readonly find: (hello: Hello) => Guest | undefined;
  readonly helloDeadlineMs: number;
  readonly maxBacklogBytes: number;
}

interface Admission {
  readonly guest: Guest;
  readonly hello: Hello;
}

interface Objection {
  readonly code: number;
  readonly objection: string;
}

/** The runtime's end of one connection. Nothing passes before a good hello, and nothing malformed passes at all. */
export class BridgeLink implements Link {
  readonly #wire: Wire;
  readonly #options: LinkOptions;
  readonly #deadline: ClockTimer;
  #guest: Guest | undefined;
  #closed = false;

  constructor(wire: Wire, options: LinkOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#deadline = options.clock.setTimer(options.helloDeadlineMs, () =>
      this.#refuse(closeCodes.badHello, `no hello within ${options.helloDeadlineMs} ms`),
    );
  }

  send(frame: ToAgent): void {
    if (this.#closed) return;
    const text = this.#textOf(frame);
    if (text === undefined) return;
    if (this.#wire.backlog + text.length <= this.#options.maxBacklogBytes) this.#wire.send(text);
    else this.#refuse(closeCodes.slowReader, "it does not read what it is sent");
  }

  close(code: number, reason: string): void {
    if (this.#end(code, reason)) this.#wire.close(code, reason);
  }

  /** Take in what the wire received. */
  received(text: string): void {
    if (this.#closed) return;
    const frame = this.#parse(text);
    if (!frame) return;
    if (!this.#guest) this.#welcome(frame);
    else if (frame.type === "hello") this.#refuse(closeCodes.badHello, "a second hello");
    else this.#guest.listener.received(this, frame);
  }

  /** Take in that the wire is gone. */
  wireClosed(code: number, reason: string): void {
    this.#end(code, reason);
  }

  /** End the link because of what the other side did. */
  refuse(code: number, reason: string): void {
    this.#refuse(code, reason);
  }

  #parse(text: string): FromAgent | undefined {
    try {
      return parseFromAgent(text);
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error;
      this.#refuse(closeCodes.badFrame, error.reason);
      return undefined;
    }
  }

  #welcome(frame: FromAgent): void {
    const checked = this.#check(frame);
    if ("objection" in checked) this.#refuse(checked.code, checked.objection);
    else this.#enter(checked.guest, checked.hello);
  }

  #check(frame: FromAgent): Admission | Objection {
    const { badHello, badToken, staleEpoch } = closeCodes;
    if (frame.type !== "hello") return { code: badHello, objection: `${frame.type} before hello` };
    if (frame.protocol !== protocolVersion)
      return { code: badHello, objection: `protocol ${frame.protocol}, not ${protocolVersion}` };
    const guest = this.#options.find(frame);
    if (!guest) return { code: badToken, objection: "unknown token" };
    if (frame.epoch === guest.pass.epoch) return { guest, hello: frame };
    return { code: staleEpoch, objection: `epoch ${frame.epoch} is not the living one` };
  }

  #enter(guest: Guest, hello: Hello): void {
    this.#deadline.cancel();
    guest.link?.close(closeCodes.replaced, "a newer link took its place");
    guest.link = this;
    this.#guest = guest;
    this.send({ type: "welcome", protocol: protocolVersion });
    guest.listener.opened(this, hello);
  }

  /** Write a frame as text. A frame that is too big is answered as failed, so that nobody waits for it. */
  #textOf(frame: ToAgent): string | undefined {
    try {
      return frameText(frame);
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error;
      return this.#answerTooBig(frame, error.reason);
    }
  }

  #answerTooBig(frame: ToAgent, reason: string): string | undefined {
    if (frame.type === "result") return frameText({ type: "result", id: frame.id, error: reason });
    if (frame.type === "send")
      this.#guest?.listener.received(this, { type: "refused", id: frame.id, reason });
    else this.#options.log({ type: "link-broken", code: 0, reason, path: this.#guest?.pass.path });
    return undefined;
  }

  #refuse(code: number, reason: string): void {
    if (this.#closed) return;
    const type = this.#guest ? "link-broken" : "link-refused";
    this.#options.log({ type, code, reason, path: this.#guest?.pass.path });
    this.close(code, reason);
  }

  #end(code: number, reason: string): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#deadline.cancel();
    const guest = this.#guest;
    if (guest?.link === this) guest.link = undefined;
    guest?.listener.closed(this, code, reason);
    return true;
  }
}
