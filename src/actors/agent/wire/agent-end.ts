import { closeCodes, type ToAgent } from "./protocol.ts";

/** One connection to the runtime. Nothing is sent before it is open. */
export interface AgentConnection<Out> {
  readonly isOpen: boolean;
  send(out: Out): void;
  /** Ask the other side to close too. `closed` is told when it has. */
  close(code: number, reason: string): void;
  /** Drop the connection without waiting for the other side. */
  cut(): void;
}

/** The events of one connection. */
export interface ConnectionEvents {
  opened(): void;
  received(frame: ToAgent): void;
  closed(code: number): void;
}

/** The harness's part of its link: `Out` is a frame as its connection takes it. */
export interface AgentEndHost<Out> {
  /** Begin to connect. */
  dial(events: ConnectionEvents): AgentConnection<Out>;
  hello(): Out;
  /** Take a frame other than `welcome`. */
  received(frame: ToAgent): void;
  /** Take in that the runtime welcomed this link; `again` is true when it is not the first one. */
  welcomed(again: boolean): void;
  /** Take in that a link that was welcome is lost. Another one is tried. */
  lost(): void;
  /** Take in that the runtime wants no link of this agent any more. */
  dismissed(code: number): void;
  /** Call back once, `delayMs` from now. Returns a function that cancels the call. */
  later(delayMs: number, callback: () => void): () => void;
  /** Give the wait before the next try, after so many failures in a row. */
  retryMs(failures: number): number;
}

const finalCodes: ReadonlySet<number> = new Set([
  closeCodes.badToken,
  closeCodes.staleEpoch,
  closeCodes.replaced,
  closeCodes.ended,
]);
const welcomeWithinMs = 5_000;
const closeWithinMs = 500;
const keptFrames = 1_000;

/** An agent's end of its link. It dials again by itself, and keeps the newest 1,000 frames that are sent meanwhile. */
export class AgentEnd<Out> {
  readonly #host: AgentEndHost<Out>;
  #connection: AgentConnection<Out> | undefined;
  #isWelcome = false;
  #isClosed = false;
  #welcomes = 0;
  #failures = 0;
  #kept: Out[] = [];
  #cancelTimer: () => void = () => {};
  #closed: () => void = () => {};

  constructor(host: AgentEndHost<Out>) {
    this.#host = host;
  }

  open(): void {
    if (this.#isClosed) return;
    this.#isWelcome = false;
    const connection: AgentConnection<Out> = this.#host.dial({
      opened: () => connection.send(this.#host.hello()),
      received: (frame) => this.#received(connection, frame),
      closed: (code) => this.#lost(connection, code),
    });
    this.#connection = connection;
    if (connection.isOpen) connection.send(this.#host.hello());
    this.#cancelTimer();
    this.#cancelTimer = this.#host.later(welcomeWithinMs, () => connection.cut());
  }

  /** Send a frame now, or as soon as the runtime welcomes a link. */
  send(out: Out): void {
    if (this.#isWelcome && this.#connection?.isOpen) this.#connection.send(out);
    else if (this.#kept.push(out) > keptFrames) this.#kept.shift();
  }

  /** Lose the link, and dial again after `ms`. */
  cut(ms: number): void {
    this.#drop();
    this.#redial(ms);
  }

  /** Close for good. Resolves when the connection is closed, at most half a second later. */
  close(reason: string): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    const connection = this.#connection;
    if (!connection) return Promise.resolve();
    if (connection.isOpen) this.#flush(connection);
    return new Promise((resolve) => {
      this.#closed = resolve;
      this.#cancelTimer = this.#host.later(closeWithinMs, () => {
        connection.cut();
        resolve();
      });
      connection.close(1000, reason);
    });
  }

  #received(connection: AgentConnection<Out>, frame: ToAgent): void {
    if (connection !== this.#connection || this.#isClosed) return;
    if (frame.type !== "welcome") this.#host.received(frame);
    else if (!this.#isWelcome) this.#welcomed(connection);
  }

  #welcomed(connection: AgentConnection<Out>): void {
    this.#isWelcome = true;
    this.#failures = 0;
    this.#cancelTimer();
    this.#flush(connection);
    this.#welcomes += 1;
    this.#host.welcomed(this.#welcomes > 1);
  }

  #flush(connection: AgentConnection<Out>): void {
    const kept = this.#kept;
    this.#kept = [];
    for (const out of kept) connection.send(out);
  }

  #lost(connection: AgentConnection<Out>, code: number): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.#cancelTimer();
    this.#closed();
    if (this.#isClosed) return;
    if (this.#isWelcome) this.#host.lost();
    this.#isWelcome = false;
    if (!finalCodes.has(code)) {
      this.#redial(this.#host.retryMs(this.#failures));
      this.#failures += 1;
      return;
    }
    this.#isClosed = true;
    this.#host.dismissed(code);
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#isWelcome = false;
    connection?.cut();
  }

  #redial(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#host.later(ms, () => this.open());
  }
}
