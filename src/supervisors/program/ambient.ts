import type { AnyStateMachine } from "xstate";
import type { InputSchema } from "../../actors/agent/tools/index.ts";
import { MisuseError } from "../../errors.ts";
import type { Machine } from "../../machines/machine.ts";
import type { AgentOptions, ConnectOptions, MachineOptions } from "../agents/index.ts";
import type { Contract, ContractShape, EndpointCall, OpenShape } from "../endpoints/index.ts";
import {
  type Agent,
  type AgentProcess,
  currentScope,
  type EndpointHandler,
  type EndpointOptions,
  type ProcessHandle,
  type ReceiveOptions,
  type Run,
  type Target,
  type Whereabouts,
} from "../process/index.ts";
import type { BubbleOptions } from "../supervision/index.ts";
import type { PoolProcess } from "./pool.ts";
import type { PoolHandle } from "./pool-handle.ts";
import { Process } from "./process.ts";
import type { StatechartArguments, StatechartHandle, StatechartProcess } from "./statechart.ts";
import type { SupervisorProcess } from "./supervisor.ts";
import type { SupervisorHandle } from "./supervisor-handle.ts";

/** Settle what `wait()` gives: the process has done its work. The first `done` or `fail` counts; later ones are ignored. */
export function done(value?: unknown): void {
  open("done").done(value);
}

/** Settle what `wait()` gives as a failure: `wait` rejects with ProcessFailedError. A `fail` that nobody waits for fails the process. */
export function fail(reason: unknown): void {
  open("fail").fail(reason);
}

/** Wait for `done` or `fail`. Rejects with StoppedError when the process is stopped first. */
export function wait<Value = unknown>(): Promise<Value> {
  return open("wait").wait<Value>();
}

/** Wait `ms` milliseconds on the run's clock. Rejects with StoppedError when the process is stopped first. */
export function sleep(ms: number): Promise<void> {
  return open("sleep").sleep(ms);
}

/** Call `fn` every `ms` milliseconds, never two at once, while the process lives. Returns how to stop it. A throw fails the process. */
export function every(ms: number, fn: () => unknown): () => void {
  return open("every").every(ms, fn);
}

/** Append an event to the process's own stream. `data` is copied. */
export function emit(type: string, data?: unknown): void {
  open("emit").emit(type, data);
}

/**
 * Forward everything that a child emits, from its first event on, to this process's stream.
 *
 * `source` (default: the child's name) is put in front. Returns how to stop. Bubbling the same child
 * twice forwards once; a circle throws.
 */
export function bubble(
  handle: ProcessHandle<unknown, ContractShape>,
  options?: BubbleOptions,
): () => void {
  return open("bubble").bubble(handle, options);
}

/** Send to a process or an agent by path, handle or agent. False: it has ended. Throws NoProcError where nobody ever was. */
export function send(target: Target, message: unknown): boolean {
  return open("send").send(target, message);
}

/** Take the next message that was sent to this process and fits. Rejects with ReceiveTimeoutError or StoppedError. */
export function receive<Message = unknown>(options?: ReceiveOptions<Message>): Promise<Message> {
  return open("receive").receive<Message>(options);
}

/** Find the node at a path of this run. */
export function whereis(path: string): Whereabouts | undefined {
  return open("whereis").whereis(path);
}

/** Start a child process. Returns at once; the child's failure does not fail this process. */
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

/** Make a function callable by the process's handle, by agents that it is attached to, and by `ramure call`. */
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
 * Start a coding agent as a child and wait until it is ready: its tools acknowledged, a model present.
 *
 * It ends with the process. When it dies it is started again, in the same session. Throws for a
 * name that is taken or not allowed; rejects with the cause when the first start fails.
 */
export function agent(name: string, options?: AgentOptions): Promise<Agent> {
  return open("agent").agent(name, options);
}

/** Start a machine as a child, to be shared by several agents. It ends with the process. */
export function machine(options?: MachineOptions): Promise<Machine> {
  return open("machine").machine(options);
}

/** Let two agents message each other and send each other files. */
export function connect(a: Agent, b: Agent, options?: ConnectOptions): void {
  open("connect").connect(a, b, options);
}

/** Give the process whose code runs. With its contract, `emit`, `expose` and `receive` are typed by it. */
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

/** Give the run that the current process belongs to. */
export function currentRuntime(): Runtime {
  const { run } = currentScope("currentRuntime");
  return { id: run.id, logDir: run.logDir, registry: run.registry, stop: () => run.stop() };
}

function open(verb: string): Process<OpenShape> {
  return new Process(currentScope(verb));
}
