import type { AnyStateMachine } from "xstate";
import type { Machine } from "../../machines/machine.ts";
import type { AgentOptions, ConnectOptions, MachineOptions } from "../agents/index.ts";
import type { ContractShape } from "../endpoints/index.ts";
import type { Agent, AgentProcess, ProcessHandle } from "../process/index.ts";
import { open } from "./ambient.ts";
import type { PoolProcess } from "./pool.ts";
import type { PoolHandle } from "./pool-handle.ts";
import type { StatechartArguments, StatechartHandle, StatechartProcess } from "./statechart.ts";
import type { SupervisorProcess } from "./supervisor.ts";
import type { SupervisorHandle } from "./supervisor-handle.ts";

/**
 * Start a child process. Returns at once; the child's failure does not fail this process.
 *
 * @example
 * ```ts
 * import { agentProcess, spawn } from "ramure";
 *
 * const square = agentProcess(async function square(n: number) {
 *   return n * n;
 * });
 * const program = agentProcess(async function program() {
 *   const handles = [1, 2, 3].map((n) => spawn(square, n));
 *   return await Promise.all(handles.map((handle) => handle.result()));
 * });
 *
 * console.log(await program()); // [1, 4, 9]
 * ```
 */
export function spawn(process: SupervisorProcess): SupervisorHandle;
export function spawn<Chart extends AnyStateMachine>(
  process: StatechartProcess<Chart>,
  ...args: StatechartArguments<Chart>
): StatechartHandle<Chart>;
export function spawn<Item, Result>(
  process: PoolProcess<Item, Result>,
  items?: Iterable<Item> | AsyncIterable<Item>,
): PoolHandle<Item, Result>;
export function spawn<Args extends readonly unknown[], Result, Shape extends ContractShape>(
  process: AgentProcess<Args, Result, Shape>,
  ...args: Args
): ProcessHandle<Result, Shape>;
export function spawn(
  process: object,
  ...args: readonly unknown[]
): ProcessHandle<unknown, ContractShape> {
  return open("spawn").spawn(process as AgentProcess, ...args);
}

/**
 * Start a coding agent as a child and wait until it is ready: its tools acknowledged, a model present.
 *
 * It ends with the process. When it dies it is started again, in the same session. Throws for a
 * name that is taken or not allowed; rejects with the cause when the first start fails.
 *
 * @example
 * ```ts
 * import { agent, agentProcess, done, wait } from "ramure";
 * import { testRun } from "ramure/testing";
 *
 * const program = agentProcess(async function program() {
 *   const worker = await agent("worker", { prompt: "Call finish." });
 *   worker.on("finish", { description: "Call this when you are done." }, () => done("well"));
 *   return await wait<string>();
 * });
 *
 * // `await program()` starts a real pi; a test plays the agent by a script.
 * await using run = await testRun(program, [], {
 *   script: async (worker) => {
 *     for await (const _ of worker.messages) await worker.call("finish", {});
 *   },
 * });
 * console.log(await run.finished()); // well
 * ```
 */
export function agent(name: string, options?: AgentOptions): Promise<Agent> {
  return open("agent").agent(name, options);
}

/**
 * Start a machine as a child, to be shared by several agents. It ends with the process.
 *
 * @example
 * ```ts
 * import { agentProcess, LocalImage, machine } from "ramure";
 *
 * const program = agentProcess(async function program() {
 *   const host = await machine({ name: "host", image: new LocalImage() });
 *   const { stdout } = await host.exec(["echo", "hello"]);
 *   return stdout.trim();
 * });
 *
 * console.log(await program()); // hello
 * ```
 */
export function machine(options?: MachineOptions): Promise<Machine> {
  return open("machine").machine(options);
}

/**
 * Let two agents message each other and send each other files.
 *
 * @example
 * ```ts
 * import { agent, agentProcess, connect, done, wait } from "ramure";
 * import { testRun } from "ramure/testing";
 *
 * const program = agentProcess(async function program() {
 *   const author = await agent("author");
 *   const reviewer = await agent("reviewer");
 *   connect(author, reviewer, { direction: "forward" });
 *   reviewer.on("approve", { description: "Approve the text." }, () => done("approved"));
 *   await author.send("Write a text, then ask the reviewer.");
 *   return await wait<string>();
 * });
 *
 * await using run = await testRun(program, [], {
 *   script: {
 *     author: async (author) => {
 *       const args = { receiver: "reviewer", message: "Please review it." };
 *       for await (const _ of author.messages) await author.call("message", args);
 *     },
 *     reviewer: async (reviewer) => {
 *       for await (const _ of reviewer.messages) await reviewer.call("approve", {});
 *     },
 *   },
 * });
 * console.log(await run.finished()); // approved
 * ```
 */
export function connect(a: Agent, b: Agent, options?: ConnectOptions): void {
  open("connect").connect(a, b, options);
}
