import type { LogEvent } from "../../actors/events/index.ts";
import type { TerminalData } from "../endpoints/index.ts";

type Any = Pick<LogEvent, "type" | "data" | "source">;
type TerminalOf<Type extends keyof TerminalData> = {
  readonly type: Type;
  readonly data: TerminalData[Type];
};

/**
 * Tell whether an event, own or bubbled, says that a process is done.
 *
 * @example
 * ```ts
 * import { agentProcess, isDone, spawn } from "ramure";
 *
 * const job = agentProcess(async function job() {
 *   return 42;
 * });
 * const program = agentProcess(async function program() {
 *   for await (const event of spawn(job).events) if (isDone(event)) console.log(event.data.result); // 42
 * });
 *
 * await program();
 * ```
 */
export function isDone(event: Any): event is Any & TerminalOf<"done"> {
  return event.type === "done";
}

/**
 * Tell whether an event, own or bubbled, says that a process failed.
 *
 * @example
 * ```ts
 * import { agentProcess, isFailed, spawn } from "ramure";
 *
 * const job = agentProcess(async function job() {
 *   throw new Error("no paper");
 * });
 * const program = agentProcess(async function program() {
 *   for await (const event of spawn(job).events) if (isFailed(event)) console.log(event.data.message); // no paper
 * });
 *
 * await program();
 * ```
 */
export function isFailed(event: Any): event is Any & TerminalOf<"failed"> {
  return event.type === "failed";
}

/**
 * Tell whether an event, own or bubbled, says that a process was cancelled.
 *
 * @example
 * ```ts
 * import { agentProcess, isCancelled, sleep, spawn } from "ramure";
 *
 * const job = agentProcess(async function job() {
 *   await sleep(60_000);
 * });
 * const program = agentProcess(async function program() {
 *   const handle = spawn(job);
 *   await handle.cancel("too late");
 *   for await (const event of handle.events) if (isCancelled(event)) console.log(event.data.reason); // too late
 * });
 *
 * await program();
 * ```
 */
export function isCancelled(event: Any): event is Any & TerminalOf<"cancelled"> {
  return event.type === "cancelled";
}
