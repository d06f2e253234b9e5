import { connect, type Socket } from "node:net";
import {
  type Asker,
  ControlError,
  cancelMethod,
  LineReader,
  parseAnswer,
  type RpcAnswer,
  type RunStatus,
  requestLine,
  type StreamVerb,
  type Verb,
  verbs,
} from "../supervisors/runtime/outside.ts";

export interface RequestOptions {
  /** The longest wait for the answer, in ms; 0: no limit. Default: 10_000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A connection to one run. Every method rejects with ControlError. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #from: Asker | undefined;
  readonly #lines = new LineReader();
  readonly #open = new Map<number, OpenRequest>();
  #lastId = 0;
  #lost: ControlError | undefined;
  /** Resolves when the connection is over. */
  readonly closed: Promise<void>;

  constructor(socket: Socket, from?: Asker) {
    this.#socket = socket;
    this.#from = from;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => this.#lose(unreachable(error.message)));
    socket.on("close", () => this.#lose(unreachable("It closed the connection")));
  }

  /** Ask for one thing and wait for the answer. */
  async request<Params, Result>(
    verb: Verb<Params, Result>,
    params: Params,
    options: RequestOptions = {},
  ): Promise<Result> {
    const { promise, request } = pendingRequest();
    const id = this.#send(verb.ask(params), request);
    const { timeoutMs = 10_000 } = options;
    const stops = [options.signal, timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined];
    const stop = AbortSignal.any(stops.filter((signal) => signal !== undefined));
    const stopped = () => this.#abandon(id, stopReason(options.signal, timeoutMs));
    stop.addEventListener("abort", stopped, { once: true });
    try {
      return verb.answer(await promise);
    } finally {
      stop.removeEventListener("abort", stopped);
    }
  }

  /**
   * Follow a stream; it ends when the run ends it, and `return` (a `break`) tells the run to.
   *
   * While its items are not taken the connection is not read, so other requests on it wait, too.
   */
  async *stream<Params, Item>(
    verb: StreamVerb<Params, Item>,
    params: Params,
  ): AsyncGenerator<Item> {
    const buffer = new StreamBuffer(this.#socket);
    const id = this.#send(verb.ask(params), buffer);
    try {
      for (let next = await buffer.next(); next; next = await buffer.next()) {
        yield verb.item(next.item);
      }
    } finally {
      buffer.close();
      if (this.#open.delete(id)) this.#cancel(id);
    }
  }

  /** Ask for the whole status, page by page. */
  async status(to?: string, options?: RequestOptions): Promise<RunStatus> {
    const { next, ...first } = await this.request(verbs.runStatus, { to }, options);
    let all: RunStatus = first;
    for (let cursor = next; cursor !== undefined; ) {
      const page = await this.request(verbs.runStatus, { cursor }, options);
      all = {
        ...all,
        nodes: [...all.nodes, ...page.nodes],
        connections: [...all.connections, ...page.connections],
        endpoints: [...all.endpoints, ...page.endpoints],
      };
      cursor = page.next;
    }
    return all;
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(
    asked: { readonly method: string; readonly params: unknown },
    request: OpenRequest,
  ): number {
    if (this.#lost) throw this.#lost;
    this.#lastId += 1;
    const id = this.#lastId;
    const line = requestLine({ id, ...asked, from: this.#from });
    this.#open.set(id, request);
    this.#socket.write(line);
    return id;
  }

  #receive(bytes: Buffer): void {
    try {
      for (const line of this.#lines.read(bytes)) this.#settle(parseAnswer(line));
    } catch (error) {
      this.#lose(error instanceof ControlError ? error : unreachable(String(error)));
      this.#socket.destroy();
    }
  }

  #settle(answer: RpcAnswer): void {
    if (answer.type === "error" && answer.id === null) throw answer.error;
    const request = this.#open.get(Number(answer.id));
    if (answer.type !== "item") this.#open.delete(Number(answer.id));
    switch (answer.type) {
      case "item":
        request?.item(answer.item);
        break;
      case "error":
        request?.error(answer.error);
        break;
      case "result":
        request?.result(answer.result);
        break;
      default:
        answer satisfies never;
    }
  }

  #abandon(id: number, why: ControlError): void {
    const request = this.#open.get(id);
    if (!this.#open.delete(id)) return;
    this.#cancel(id);
    request?.error(why);
  }

  #cancel(id: number): void {
    if (this.#lost || !this.#socket.writable) return;
    this.#socket.write(requestLine({ method: cancelMethod, params: { id } }));
  }

  #lose(why: ControlError): void {
    if (this.#lost) return;
    this.#lost = why;
    for (const request of this.#open.values()) request.error(why);
    this.#open.clear();
  }
}

/** Connect to the run at `socket`; `from` says who asks. Rejects with ControlError `unreachable`. */
export function connectControl(socket: string, from?: Asker): Promise<ControlClient> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    connection.once("error", (error) => reject(unreachable(error.message)));
    connection.once("connect", () => {
      connection.removeAllListeners("error");
      resolve(new ControlClient(connection, from));
    });
  });
}

function stopReason(signal: AbortSignal | undefined, timeoutMs: number): ControlError {
  if (signal?.aborted) return new ControlError("failed", "The request was given up.");
  return new ControlError("timed-out", `The run did not answer within ${timeoutMs / 1_000} s.`, {
    why: "It is busy, suspended, or what was asked for takes longer.",
  });
}

function unreachable(why: string): ControlError {
  return new ControlError("unreachable", "The run is not answering.", { why: `${why}.` });
}

/** A request of this client that has no final answer yet. */
interface OpenRequest {
  item(item: unknown): void;
  result(result: unknown): void;
  error(error: unknown): void;
}

/** A request with one answer. */
function pendingRequest(): {
  readonly promise: Promise<unknown>;
  readonly request: OpenRequest;
} {
  let request: OpenRequest = { item() {}, result() {}, error() {} };
  const promise = new Promise<unknown>((resolve, reject) => {
    request = { item() {}, result: resolve, error: reject };
  });
  return { promise, request };
}

/** Items of a stream that may wait here before the socket is left unread. */
const comfortableItems = 256;

/** A request whose answers come one by one, as fast as they are taken. */
class StreamBuffer implements OpenRequest {
  readonly #socket: Socket;
  #items: { readonly item: unknown }[] = [];
  #taken = 0;
  #closed = false;
  #end: { readonly error?: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  item(item: unknown): void {
    if (this.#closed) return;
    this.#items.push({ item });
    if (this.#items.length - this.#taken > comfortableItems) this.#socket.pause();
    this.#wake();
  }

  result(): void {
    this.#end ??= {};
    this.#wake();
  }

  error(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** Take no items any more: later ones are dropped, and the socket is read for others. */
  close(): void {
    this.#closed = true;
    this.#socket.resume();
  }

  /** Give the next item, or `undefined` at the end. Rejects when the stream failed. */
  async next(): Promise<{ readonly item: unknown } | undefined> {
    if (this.#taken === this.#items.length) [this.#items, this.#taken] = [[], 0];
    while (this.#items.length === 0 && !this.#end) {
      this.#socket.resume();
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    const next = this.#items[this.#taken];
    if (next) this.#taken += 1;
    if (next || !this.#end || !("error" in this.#end)) return next;
    throw this.#end.error;
  }
}
