import type { Deferred } from "../../actors/wait.ts";
import type { ProcessRecord } from "../process/index.ts";
import type { ChildSpec } from "../supervision/index.ts";

/** What `tasks()` tells of one item. */
export interface TaskInfo {
  /** `t0001` and on; the name of the process that works on it. */
  readonly id: string;
  readonly state: "queued" | "running" | "done" | "failed";
  /** How often it was begun. */
  readonly attempt: number;
  /** Why the last attempt failed. */
  readonly error?: string | undefined;
}

/** An item that a pool has taken. */
export interface PoolTask<Result = unknown> {
  readonly id: string;
  /** What its worker gave; rejects with what the last try failed with. */
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

export function infoOf({ id, state, attempt, error }: Task): TaskInfo {
  return { id, state, attempt, error };
}
