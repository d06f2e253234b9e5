import type { ContractShape } from "../endpoints/index.ts";
import { orStopped, type ProcessHandle } from "../process/index.ts";

type AnyHandle = ProcessHandle<unknown, ContractShape>;
type ResultOf<Handle> = Handle extends ProcessHandle<infer Result, infer _> ? Result : never;
type Results<Handles extends readonly AnyHandle[]> = {
  -readonly [K in keyof Handles]: ResultOf<Handles[K]>;
};
type Settlements<Handles extends readonly AnyHandle[]> = {
  -readonly [K in keyof Handles]: PromiseSettledResult<ResultOf<Handles[K]>>;
};

/** Wait for all results. When one fails, cancel the others and reject with its error once they have ended. */
export async function all<const Handles extends readonly AnyHandle[]>(
  handles: Handles,
): Promise<Results<Handles>> {
  try {
    const results = await orStopped(Promise.all(handles.map((handle) => handle.result())));
    return results as Results<Handles>;
  } catch (error) {
    await cancelAll(handles, "another one of all() failed");
    throw error;
  }
}

/** Give the outcome of the first to end, good or bad, once the others were cancelled and have ended. */
export async function race<const Handles extends readonly AnyHandle[]>(
  handles: Handles,
): Promise<ResultOf<Handles[number]>> {
  try {
    const first = await orStopped(Promise.race(handles.map((handle) => handle.result())));
    return first as ResultOf<Handles[number]>;
  } finally {
    await cancelAll(handles, "another one of race() was first");
  }
}

/** Wait for all to end, and tell how each did. Never rejects for a failure of theirs. */
export async function settled<const Handles extends readonly AnyHandle[]>(
  handles: Handles,
): Promise<Settlements<Handles>> {
  const outcomes = await orStopped(Promise.allSettled(handles.map((handle) => handle.result())));
  return outcomes as Settlements<Handles>;
}

async function cancelAll(handles: readonly AnyHandle[], reason: string): Promise<void> {
  await Promise.all(handles.map((handle) => handle.cancel(reason)));
}
