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

/**
 * Wait for all results. When one fails, cancel the others and reject with its error once they have
 * ended.
 *
 * @example
 * ```ts
 * import { agentProcess, all, sleep, spawn } from "ramure";
 *
 * const lookUp = agentProcess(async function lookUp(word: string) {
 *   await sleep(10);
 *   return word.length;
 * });
 * const program = agentProcess(async function program() {
 *   return await all([spawn(lookUp, "oak"), spawn(lookUp, "birch")]);
 * });
 *
 * console.log(await program()); // [3, 5]
 * ```
 */
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

/**
 * Give the outcome of the first to end, good or bad, once the others were cancelled and have ended.
 *
 * @example
 * ```ts
 * import { agentProcess, race, sleep, spawn } from "ramure";
 *
 * const runner = agentProcess(async function runner(name: string, ms: number) {
 *   await sleep(ms);
 *   return name;
 * });
 * const program = agentProcess(async function program() {
 *   return await race([spawn(runner, "hare", 60_000), spawn(runner, "tortoise", 10)]);
 * });
 *
 * console.log(await program()); // tortoise; the hare was cancelled
 * ```
 */
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

/**
 * Wait for all to end, and tell how each did. Never rejects for a failure of theirs.
 *
 * @example
 * ```ts
 * import { agentProcess, settled, spawn } from "ramure";
 *
 * const good = agentProcess(async function good() {
 *   return 1;
 * });
 * const bad = agentProcess(async function bad() {
 *   throw new Error("no");
 * });
 * const program = agentProcess(async function program() {
 *   const outcomes = await settled([spawn(good), spawn(bad)]);
 *   return outcomes.map(({ status }) => status);
 * });
 *
 * console.log(await program()); // ["fulfilled", "rejected"]
 * ```
 */
export async function settled<const Handles extends readonly AnyHandle[]>(
  handles: Handles,
): Promise<Settlements<Handles>> {
  const outcomes = await orStopped(Promise.allSettled(handles.map((handle) => handle.result())));
  return outcomes as Settlements<Handles>;
}

async function cancelAll(handles: readonly AnyHandle[], reason: string): Promise<void> {
  await Promise.all(handles.map((handle) => handle.cancel(reason)));
}
