import type { Socket } from "node:net";

/** A request of this client that has no final answer yet. */
export interface OpenRequest {
  item(item: unknown): void;
  result(result: unknown): void;
  error(error: unknown): void;
}

/** A request with one answer. */
export function pendingRequest(): {
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
export class StreamBuffer implements OpenRequest {
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

  /** Nobody takes items any more: what still comes is dropped, and the socket is read for others. */
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
