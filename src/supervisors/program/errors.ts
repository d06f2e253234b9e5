import { RamureError } from "../../errors.ts";

/** A pool has no room for one more item. */
export class PoolFullError extends RamureError {
  readonly code = "pool-full";
  constructor(path: string, queue: number) {
    super(`${path} is full: ${queue} items wait already; add it later, or let add wait for room.`);
  }
}

/** A pool takes no more items: it drains or has ended. */
export class PoolClosedError extends RamureError {
  readonly code = "pool-closed";
  override readonly retryable = false;
  constructor(path: string) {
    super(`${path} takes no more items: it was told to drain; start another pool.`);
  }
}
