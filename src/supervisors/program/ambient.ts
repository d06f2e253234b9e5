import type { InputSchema } from "../../actors/agent/tools/index.ts";
import { MisuseError } from "../../errors.ts";
import type { Contract, ContractShape, EndpointCall, OpenShape } from "../endpoints/index.ts";
import {
  currentScope,
  type EndpointHandler,
  type EndpointOptions,
  type FailOptions,
  type ProcessHandle,
  type ReceiveOptions,
  type Run,
  type Target,
  type Whereabouts,
} from "../process/index.ts";
import type { BubbleOptions } from "../supervision/index.ts";
import { Process } from "./process.ts";

/**
 * Settle what `wait()` gives: the process has done its work. The first `done` or `fail` counts;
 * later ones are ignored.
 *
 * @example
 * ```ts
 * import { agentProcess, done, every, wait } from "ramure";
 *
 * const countdown = agentProcess(async function countdown(from: number) {
 *   let left = from;
 *   every(10, () => {
 *     left -= 1;
 *     if (left === 0) done("lift-off");
 *   });
 *   return await wait<string>();
 * });
 *
 * console.log(await countdown(3)); // lift-off
 * ```
 */
export function done(value?: unknown): void {
  open("done").done(value);
}

/**
 * Settle what `wait()` gives as a failure: `wait` rejects with ProcessFailedError. A `fail` that
 * nobody waits for fails the process. With `retryable: false` no supervisor starts it again; an error
 * of your own that is thrown says so by a property `retryable` of that value.
 *
 * @example
 * ```ts
 * import { agentProcess, fail, ProcessFailedError, wait } from "ramure";
 *
 * const picnic = agentProcess(async function picnic() {
 *   fail("it rains");
 *   return await wait();
 * });
 *
 * try {
 *   await picnic();
 * } catch (error) {
 *   if (error instanceof ProcessFailedError) console.log(error.reason); // it rains
 * }
 * ```
 */
export function fail(reason: unknown, options?: FailOptions): void {
  open("fail").fail(reason, options);
}

/**
 * Wait for `done` or `fail`. Rejects with StoppedError when the process is stopped first.
 *
 * @example
 * ```ts
 * import { agentProcess, done, sleep, spawn, wait } from "ramure";
 *
 * const patient = agentProcess(async function patient() {
 *   const helper = agentProcess(async function helper() {
 *     await sleep(10);
 *     return "helped";
 *   });
 *   spawn(helper).result().then(done);
 *   return await wait<string>();
 * });
 *
 * console.log(await patient()); // helped
 * ```
 */
export function wait<Value = unknown>(): Promise<Value> {
  return open("wait").wait<Value>();
}

/**
 * Wait `ms` milliseconds on the run's clock. Rejects with StoppedError when the process is stopped
 * first.
 *
 * @example
 * ```ts
 * import { agentProcess, sleep } from "ramure";
 * import { testRun } from "ramure/testing";
 *
 * const nap = agentProcess(async function nap() {
 *   await sleep(3_600_000);
 *   return "rested";
 * });
 *
 * await using run = await testRun(nap, []);
 * console.log(await run.finished()); // rested, and the hour takes no time
 * ```
 */
export function sleep(ms: number): Promise<void> {
  return open("sleep").sleep(ms);
}

/**
 * Call `fn` every `ms` milliseconds, never two at once, while the process lives. Returns how to
 * stop it. A throw fails the process.
 *
 * @example
 * ```ts
 * import { agentProcess, every, sleep } from "ramure";
 * import { testRun } from "ramure/testing";
 *
 * const watch = agentProcess(async function watch() {
 *   let rounds = 0;
 *   const stop = every(60_000, () => {
 *     rounds += 1;
 *   });
 *   await sleep(200_000);
 *   stop();
 *   return rounds;
 * });
 *
 * await using run = await testRun(watch, []);
 * console.log(await run.finished()); // 3
 * ```
 */
export function every(ms: number, fn: () => unknown): () => void {
  return open("every").every(ms, fn);
}

/**
 * Append an event to the process's own stream. `data` is copied.
 *
 * @example
 * ```ts
 * import { agentProcess, emit, spawn } from "ramure";
 *
 * const build = agentProcess(async function build() {
 *   for (const part of ["walls", "roof"]) emit("step", { part });
 * });
 * const site = agentProcess(async function site() {
 *   for await (const { type, data } of spawn(build).events) console.log(type, data);
 * });
 *
 * await site(); // step { part: "walls" }, step { part: "roof" }, done { result: undefined }
 * ```
 */
export function emit(type: string, data?: unknown): void {
  open("emit").emit(type, data);
}

/**
 * Forward everything that a child emits, from its first event on, to this process's stream.
 *
 * `source` (default: the child's name) is put in front. Returns how to stop. Bubbling the same child
 * twice forwards once; a circle throws.
 *
 * @example
 * ```ts
 * import { agentProcess, bubble, emit, spawn } from "ramure";
 *
 * const worker = agentProcess(async function worker() {
 *   emit("step", 1);
 * });
 * const team = agentProcess(async function team() {
 *   const handle = spawn(worker);
 *   bubble(handle, { only: ["step"] });
 *   await handle.result();
 * });
 * const program = agentProcess(async function program() {
 *   for await (const { type, source } of spawn(team).events) console.log(type, source);
 * });
 *
 * await program(); // step worker, done undefined
 * ```
 */
export function bubble(
  handle: ProcessHandle<unknown, ContractShape>,
  options?: BubbleOptions,
): () => void {
  return open("bubble").bubble(handle, options);
}

/**
 * Send to a process or an agent by path, handle or agent. False: it has ended. Throws NoProcError
 * where nobody ever was.
 *
 * @example
 * ```ts
 * import { agentProcess, receive, send, spawn } from "ramure";
 *
 * const echo = agentProcess(async function echo() {
 *   return `heard ${await receive<string>()}`;
 * });
 * const program = agentProcess(async function program() {
 *   const handle = spawn(echo);
 *   console.log(send(handle, "hello")); // true
 *   return await handle.result();
 * });
 *
 * console.log(await program()); // heard hello
 * ```
 */
export function send(target: Target, message: unknown): boolean {
  return open("send").send(target, message);
}

/**
 * Take the next message that was sent to this process and fits. Rejects with ReceiveTimeoutError or
 * StoppedError.
 *
 * @example
 * ```ts
 * import { agentProcess, receive, send, spawn } from "ramure";
 *
 * const sum = agentProcess(async function sum() {
 *   const big = await receive<number>({ where: (message) => message > 10 });
 *   return big + (await receive<number>());
 * });
 * const program = agentProcess(async function program() {
 *   const handle = spawn(sum);
 *   for (const message of [1, 20, 300]) send(handle, message);
 *   return await handle.result();
 * });
 *
 * console.log(await program()); // 21: the 1 stayed in the mailbox
 * ```
 */
export function receive<Message = unknown>(options?: ReceiveOptions<Message>): Promise<Message> {
  return open("receive").receive<Message>(options);
}

/**
 * Find the node at a path of this run.
 *
 * @example
 * ```ts
 * import { agentProcess, receive, spawn, whereis } from "ramure";
 *
 * const listener = agentProcess(async function listener() {
 *   await receive();
 * });
 * const program = agentProcess(async function program() {
 *   await using _ = spawn(listener);
 *   return whereis("/program/listener");
 * });
 *
 * console.log(await program()); // { path: "/program/listener", kind: "process" }
 * ```
 */
export function whereis(path: string): Whereabouts | undefined {
  return open("whereis").whereis(path);
}

/**
 * Make a function callable by the process's handle, by agents that it is attached to, and by
 * `ramure call`.
 *
 * @example
 * ```ts
 * import { agentProcess, emit, expose, jsonSchema, receive, spawn } from "ramure";
 *
 * const input = jsonSchema<{ n: number }>({
 *   type: "object",
 *   properties: { n: { type: "number" } },
 *   required: ["n"],
 * });
 * const calculator = agentProcess(async function calculator() {
 *   expose("double", { description: "Double a number.", input }, ({ n }) => n * 2);
 *   emit("ready");
 *   await receive();
 * });
 * const program = agentProcess(async function program() {
 *   await using handle = spawn(calculator);
 *   await handle.events.waitFor("ready");
 *   return await handle.call("double", { n: 21 });
 * });
 *
 * console.log(await program()); // 42
 * ```
 */
export function expose<Input>(
  name: string,
  options: EndpointOptions<Input> & { readonly input: InputSchema<Input> },
  handler: (args: Input, call: EndpointCall) => unknown,
): void;
export function expose(
  name: string,
  options: EndpointOptions<never> & { readonly input?: undefined },
  handler: (args: Readonly<Record<string, unknown>>, call: EndpointCall) => unknown,
): void;
export function expose(
  name: string,
  handler: (args: Readonly<Record<string, unknown>>, call: EndpointCall) => unknown,
): void;
export function expose(name: string, options: unknown, handler?: unknown): void {
  const [given, run] = typeof options === "function" ? [{}, options] : [options, handler];
  open("expose").expose(name, given as EndpointOptions, run as EndpointHandler);
}

/**
 * Give the process whose code runs. With its contract, `emit`, `expose` and `receive` are typed by
 * it.
 *
 * @example
 * ```ts
 * import { EventEmitter, once } from "node:events";
 * import { agentProcess, currentProcess, done, wait } from "ramure";
 *
 * const bell = new EventEmitter();
 * const porter = agentProcess(async function porter() {
 *   // A callback of a library runs outside of any process, unless it is bound.
 *   bell.once("ring", currentProcess().bind(() => done("the door is open")));
 *   setTimeout(() => bell.emit("ring"), 10);
 *   await once(bell, "ring");
 *   return await wait<string>();
 * });
 *
 * console.log(await porter()); // the door is open
 * ```
 */
export function currentProcess(): Process;
export function currentProcess<Shape extends ContractShape>(
  contract: Contract<Shape>,
): Process<Shape>;
export function currentProcess(contract?: Contract<ContractShape>): Process<ContractShape> {
  const scope = currentScope("currentProcess");
  const own = scope.record.definition.options.contract;
  if (contract !== undefined && own !== contract) {
    throw new MisuseError(
      "wrong-contract",
      `${scope.record.path} was not made with this contract; pass the one given to its agentProcess.`,
    );
  }
  return new Process(scope);
}

/** The run of the current process, as a program sees it. */
export interface Runtime {
  readonly id: string;
  readonly logDir: string;
  readonly registry: Run["registry"];
  /** Stop the whole tree. */
  stop(): Promise<void>;
}

/**
 * Give the run that the current process belongs to.
 *
 * @example
 * ```ts
 * import { agentProcess, currentRuntime } from "ramure";
 *
 * const program = agentProcess(async function program() {
 *   const { id, logDir } = currentRuntime();
 *   return logDir.endsWith(id);
 * });
 *
 * console.log(await program()); // true
 * ```
 */
export function currentRuntime(): Runtime {
  const { run } = currentScope("currentRuntime");
  return { id: run.id, logDir: run.logDir, registry: run.registry, stop: () => run.stop() };
}

/** Find the process whose code calls `verb`. */
export function open(verb: string): Process<OpenShape> {
  return new Process(currentScope(verb));
}
