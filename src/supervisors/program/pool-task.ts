import { inWords } from "../../actors/data/index.ts";
import type { Deferred } from "../../actors/wait.ts";
import type { ProcessRecord } from "../process/index.ts";
import type { ChildSpec } from "../supervision/index.ts";

/** One item of a pool, as `tasks()` lists it. */
export interface TaskInfo {
  /** `t0001` and on; the name of the process that works on it. */
  readonly id: string;
  /** The item in words, cut where it is long. */
  readonly item: string;
  readonly state: "queued" | "running" | "done" | "failed";
  /** The number of its attempts so far. */
  readonly attempt: number;
  /** The message of the last attempt's failure. */
  readonly error?: string | undefined;
}

/** An item that a pool has taken. */
export interface PoolTask<Result = unknown> {
  readonly id: string;
  /** Give the result of the item's worker. Rejects with the error of the last attempt. */
  result(): Promise<Result>;
}

/** One item, from its being taken to its end. */
export interface Task {
  readonly id: string;
  readonly item: unknown;
  readonly result: Deferred<unknown>;
  state: TaskInfo["state"];
  attempt: number;
  error: string | undefined;
  /** The process that works on it, once it was begun. */
  worker: { readonly record: ProcessRecord; readonly spec: ChildSpec } | undefined;
}

export function infoOf({ id, item, state, attempt, error }: Task): TaskInfo {
  return { id, item: inWords(item), state, attempt, error };
}
