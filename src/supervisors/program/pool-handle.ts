import { NoProcError } from "../../actors/kernel/index.ts";
import { orStopped, type ProcessHandle, RecordHandle, whenStarted } from "../process/index.ts";
import type { PoolResult } from "./pool.ts";
import { PoolQueue } from "./pool-queue.ts";
import type { PoolTask, TaskInfo } from "./pool-task.ts";

/** A pool that was started. */
export interface PoolHandle<Item = unknown, Result = unknown>
  extends ProcessHandle<PoolResult<Result>> {
  /**
   * Resolve when the item is taken: at once while there is room, else when there is, or reject with
   * PoolFullError, as the pool's `whenFull` says. Rejects with PoolClosedError once it drains.
   */
  add(item: Item): Promise<PoolTask<Result>>;
  /** List the tasks that wait or run, and the newest thousand that are finished. */
  tasks(): Promise<readonly TaskInfo[]>;
  /** Take no more items; resolves when those taken are finished. The pool is done then. */
  drain(): Promise<void>;
}

/** The `PoolHandle` of a record. */
export class PoolRecordHandle extends RecordHandle {
  add(item: unknown): Promise<PoolTask> {
    return orStopped(this.#queue().then((queue) => queue.add(item)));
  }

  tasks(): Promise<readonly TaskInfo[]> {
    return orStopped(this.#queue().then((queue) => queue.tasks()));
  }

  drain(): Promise<void> {
    return orStopped(this.#queue().then((queue) => queue.drain()));
  }

  async #queue(): Promise<PoolQueue> {
    const record = this.record();
    await whenStarted(record);
    if (record.service instanceof PoolQueue) return record.service;
    throw new NoProcError(record.path);
  }
}
