import { once } from "node:events";
import type { Socket } from "node:net";
import type { Clock, ClockTimer } from "../../../actors/clock.ts";
import { isRecord } from "../../../actors/data/index.ts";
import { asControlError, ControlError } from "../error.ts";
import { LineReader } from "../lines.ts";
import {
  BadRequestError,
  cancelMethod,
  errorLine,
  itemLine,
  parseRequest,
  type RpcId,
  type RpcRequest,
  resultLine,
  rpcCodes,
} from "../rpc.ts";
import type { ServedRun } from "../served-run.ts";
import { StatusPages } from "../status-pages.ts";
import type { ServedVerb, VerbContext } from "../verb.ts";
import * as verbs from "../verbs/index.ts";

/** The limits of one client. */
export interface ConnectionLimits {
  /** The most open requests, streams included. Default: 32. */
  readonly requests: number;
  /** The longest time without an open request, in ms. Default: 300_000. */
  readonly idleMs: number;
  /** The longest time that written bytes may stay unread, in ms. Default: 30_000. */
  readonly stalledMs: number;
  /** Bytes that wait for it; one more and it is cut off. Default: 8 MiB. */
  readonly queuedBytes: number;
  /** The longest stay of a client that was told to go, in ms. Default: 1_000. */
  readonly closeMs: number;
}

/** The things that all clients of a run share. */
export interface Service {
  readonly run: ServedRun;
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
}

const verbOf: ReadonlyMap<string, ServedVerb> = new Map(
  Object.values(verbs).map((verb) => [verb.method, verb]),
);

/** A stream goes on when less than this waits for the client. */
const comfortableBytes = 65_536;

/** One client: reads its lines, serves its requests side by side, and never throws. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #service: Service;
  readonly #lines = new LineReader();
  readonly #open = new Map<RpcId, AbortController>();
  readonly #pages = new StatusPages();
  #idle: ClockTimer | undefined;
  #hurry: ClockTimer | undefined;
  #idleSince = 0;
  #closing = false;

  constructor(socket: Socket, service: Service) {
    this.#socket = socket;
    this.#service = service;
    socket.on("data", (bytes) => this.#receive(bytes));
    // Without a listener a client that resets its connection would end the program; `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => this.#gone());
    // Each stream that waits for room listens; there are no more of them than requests.
    socket.setMaxListeners(service.limits.requests + 10);
    this.#watchIdle();
  }

  /** True once the client was told to go, and holds no place any more. */
  get isLeaving(): boolean {
    return this.#hurry !== undefined;
  }

  /** Since when it has had no open request; undefined: it has one. */
  get idleSince(): number | undefined {
    return this.#open.size === 0 ? this.#idleSince : undefined;
  }

  /** End the connection, and cut it off if the client does not hang up in time. */
  hangUp(): void {
    if (this.isLeaving) return;
    this.#socket.end();
    const { clock, limits } = this.#service;
    this.#hurry = clock.setTimer(limits.closeMs, () => this.#socket.destroy());
  }

  /** Refuse what is open and what may still come, and let the client read that. */
  close(): void {
    this.#closing = true;
    for (const request of this.#open.values()) request.abort(shuttingDown());
    if (this.#open.size === 0) this.hangUp();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Say why it is not served, and read no more of it. */
  refuse(why: ControlError): void {
    this.#refuse(why, null);
    this.#socket.removeAllListeners("data").resume();
    this.hangUp();
  }

  #receive(bytes: Buffer): void {
    try {
      for (const line of this.#lines.read(bytes)) if (line.trim() !== "") this.#accept(line);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.refuse(new BadRequestError(rpcCodes.invalid, null, message));
    }
  }

  #accept(line: string): void {
    let id: RpcId | undefined;
    try {
      const request = parseRequest(line);
      id = request.id;
      if (request.method === cancelMethod) this.#cancel(request);
      else if (id !== undefined) this.#start(id, request);
    } catch (error) {
      const refusal = asControlError(error);
      this.#refuse(refusal, refusal instanceof BadRequestError ? refusal.id : (id ?? null));
    }
  }

  #cancel({ params }: RpcRequest): void {
    const id = isRecord(params) ? params.id : undefined;
    if (typeof id !== "string" && typeof id !== "number") return;
    this.#open.get(id)?.abort(new ControlError("failed", "The client cancelled the request."));
  }

  #start(id: RpcId, request: RpcRequest): void {
    const { method, params } = request;
    const refusal = this.#refusalOf(id);
    if (refusal) throw refusal;
    const verb = verbOf.get(method);
    if (!verb) throw noMethod(id, method);
    const abort = new AbortController();
    this.#open.set(id, abort);
    this.#idle?.cancel();
    void this.#serve(
      id,
      () => verb.perform(params, this.#context(id, request, abort.signal)),
      abort,
    );
  }

  #refusalOf(id: RpcId): ControlError | undefined {
    if (this.#closing) return shuttingDown();
    if (this.#open.has(id)) return new BadRequestError(rpcCodes.invalid, id, "The id is in use.");
    if (this.#open.size < this.#service.limits.requests) return undefined;
    return new ControlError("busy", "Too many requests are open on this connection.");
  }

  #context(id: RpcId, { method: verb, from }: RpcRequest, signal: AbortSignal): VerbContext {
    const { run, clock } = this.#service;
    return {
      run,
      clock,
      pages: this.#pages,
      signal,
      acts: (path, what) => {
        run.journal.append({ type: "control-request", path, data: { verb, ...what, from } });
      },
      item: (method, item) => this.#item(itemLine(method, id, item), signal),
    };
  }

  async #serve(id: RpcId, work: () => Promise<unknown>, abort: AbortController): Promise<void> {
    try {
      this.#write(resultLine(id, await untilAborted(work(), abort.signal)));
    } catch (error) {
      this.#refuse(asControlError(error), id);
    }
    this.#open.delete(id);
    if (this.#open.size > 0) return;
    if (this.#closing) this.hangUp();
    else this.#watchIdle();
  }

  async #item(line: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Its `close` is told later; a stream that never waits would keep that from happening.
    if (!this.#socket.writable) throw clientGone();
    this.#write(line);
    if (this.#socket.writableLength > comfortableBytes) await this.#drained(signal);
  }

  /** Resolves when the client has read what waits; a client that does not read is cut off. */
  async #drained(signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#service;
    const stalled = clock.setTimer(limits.stalledMs, () => this.#socket.destroy());
    try {
      await once(this.#socket, "drain", { signal });
    } finally {
      stalled.cancel();
    }
  }

  #refuse(error: ControlError, id: RpcId | null): void {
    this.#write(errorLine(id, error));
  }

  #write(line: string): void {
    if (!this.#socket.writable) return;
    this.#socket.write(line);
    if (this.#socket.writableLength > this.#service.limits.queuedBytes) this.#socket.destroy();
  }

  #watchIdle(): void {
    if (this.#socket.destroyed) return;
    const { clock, limits } = this.#service;
    this.#idle?.cancel();
    this.#idleSince = clock.now();
    this.#idle = clock.setTimer(limits.idleMs, () => this.hangUp());
  }

  #gone(): void {
    this.#idle?.cancel();
    this.#hurry?.cancel();
    for (const request of this.#open.values()) {
      request.abort(clientGone());
    }
  }
}

/** Wait for the work. Rejects when the signal aborts, even when the work ignores it. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

function noMethod(id: RpcId, method: string): ControlError {
  const name = JSON.stringify(method.slice(0, 80));
  return new BadRequestError(rpcCodes.method, id, `There is no method ${name}.`);
}

function clientGone(): ControlError {
  return new ControlError("unreachable", "The client is gone.");
}

function shuttingDown(): ControlError {
  return new ControlError("shutting-down", "The run is shutting down.");
}
