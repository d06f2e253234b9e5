import type { AnyStateMachine } from "xstate";
import type { Machine } from "../../machines/machine.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import {
  type AgentOptions,
  type ConnectOptions,
  checkAgentOptions,
  checkConnectOptions,
  checkMachineOptions,
  connectAgents,
  lookAtRest,
  type MachineOptions,
  startAgent,
  startMachine,
} from "../agents/index.ts";
import {
  type ContractShape,
  checkEvent,
  type EndpointAnswer,
  type EndpointArgs,
  type EndpointCall,
  type EndpointName,
  type EventData,
  type EventType,
  type MessageOf,
  type OpenShape,
  type ProcessEvents,
} from "../endpoints/index.ts";
import {
  type Agent,
  type AgentProcess,
  definitionOf,
  type EndpointHandler,
  type EndpointOptions,
  enter,
  eventsOf,
  everyIn,
  exposeIn,
  type FailOptions,
  limitsOf,
  type ProcessHandle,
  type ProcessRecord,
  type ProcessScope,
  type ReceiveOptions,
  receiveIn,
  recordOf,
  sendIn,
  sleepIn,
  startProcess,
  type Target,
  type Whereabouts,
  whereisIn,
} from "../process/index.ts";
import { type BubbleOptions, bubble } from "../supervision/index.ts";
import { handleOf } from "./handles.ts";
import type { PoolProcess } from "./pool.ts";
import type { PoolHandle } from "./pool-handle.ts";
import type { StatechartArguments, StatechartHandle, StatechartProcess } from "./statechart.ts";
import type { SupervisorProcess } from "./supervisor.ts";
import type { SupervisorHandle } from "./supervisor-handle.ts";

const bubbleKinds: OptionKinds<BubbleOptions> = { source: "text", only: "list" };

const failKinds: OptionKinds<FailOptions> = { retryable: "boolean" };

const receiveKinds: OptionKinds<ReceiveOptions> = { where: "function", timeoutMs: "number" };

/** The process whose code runs: the verbs of "ramure" as methods. */
export class Process<Shape extends ContractShape = OpenShape> {
  readonly #scope: ProcessScope;

  constructor(scope: ProcessScope) {
    this.#scope = scope;
  }

  get path(): string {
    return this.#scope.record.path;
  }

  get events(): ProcessEvents<Shape> {
    return eventsOf<Shape>(this.#scope.record.log);
  }

  /** Counts the times that it was started, from 1: a restart begins the next attempt. */
  get attempt(): number {
    return this.#scope.epoch;
  }

  /** The error that the attempt before this one failed with. Undefined in the first, and after one that did not fail. */
  get lastError(): unknown {
    return this.#scope.record.thrown;
  }

  /** Aborts with a StoppedError when the process is to stop. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  done(value?: unknown): void {
    this.#scope.outcome.done(value);
  }

  fail(reason: unknown, options: FailOptions = {}): void {
    checkOptions("fail()", options, failKinds);
    this.#scope.outcome.fail(this.path, reason, options);
  }

  wait<Value = unknown>(): Promise<Value> {
    lookAtRest(this.#scope);
    return this.#scope.outcome.wait(limitsOf(this.#scope, { what: "wait()" })) as Promise<Value>;
  }

  sleep(ms: number): Promise<void> {
    return sleepIn(this.#scope, ms);
  }

  every(ms: number, fn: () => unknown): () => void {
    return everyIn(this.#scope, ms, fn);
  }

  emit<Type extends EventType<Shape>>(type: Type, data?: EventData<Shape, Type>): void {
    const { record } = this.#scope;
    const { contract } = record.definition.options;
    record.emit(type, checkEvent(record.path, contract, type, data), { isolated: true });
  }

  bubble(handle: ProcessHandle<unknown, ContractShape>, options: BubbleOptions = {}): () => void {
    checkOptions("bubble()", options, bubbleKinds);
    const child = recordOf(handle);
    child.isRead = true;
    return bubble(child.log, this.#scope.record.log, options.source ?? child.name, options);
  }

  send(target: Target, message: unknown): boolean {
    return sendIn(this.#scope, target, message);
  }

  receive<Message = MessageOf<Shape>>(options: ReceiveOptions<Message> = {}): Promise<Message> {
    checkOptions("receive()", options, receiveKinds);
    return receiveIn(this.#scope, options as ReceiveOptions) as Promise<Message>;
  }

  whereis(path: string): Whereabouts | undefined {
    return whereisIn(this.#scope, path);
  }

  spawn(process: SupervisorProcess): SupervisorHandle;
  spawn<Chart extends AnyStateMachine>(
    process: StatechartProcess<Chart>,
    ...args: StatechartArguments<Chart>
  ): StatechartHandle<Chart>;
  spawn<Item, Result>(
    process: PoolProcess<Item, Result>,
    items?: Iterable<Item> | AsyncIterable<Item>,
  ): PoolHandle<Item, Result>;
  spawn<Args extends readonly unknown[], Result, Child extends ContractShape>(
    process: AgentProcess<Args, Result, Child>,
    ...args: Args
  ): ProcessHandle<Result, Child>;
  spawn(process: object, ...args: readonly unknown[]): ProcessHandle<unknown, ContractShape> {
    const policy = { restart: "temporary", retain: true } as const;
    const record = startProcess(this.#scope, definitionOf(process), args, policy);
    tellUnread(this.#scope, record);
    return handleOf(record);
  }

  expose<Name extends EndpointName<Shape>>(
    name: Name,
    handler: (
      args: EndpointArgs<Shape, Name>,
      call: EndpointCall,
    ) => EndpointAnswer<Shape, Name> | Promise<EndpointAnswer<Shape, Name>>,
  ): void;
  expose<Name extends EndpointName<Shape>>(
    name: Name,
    options: EndpointOptions,
    handler: EndpointHandler,
  ): void;
  expose(name: string, given: EndpointOptions | EndpointHandler, handler?: EndpointHandler): void {
    if (typeof given === "function") exposeIn(this.#scope, name, {}, given);
    else exposeIn(this.#scope, name, given, handler as EndpointHandler);
  }

  async agent(name: string, options: AgentOptions = {}): Promise<Agent> {
    checkAgentOptions(`agent(${JSON.stringify(name)})`, options);
    const begun = this.#scope.begin(`the start of agent ${name}`);
    try {
      return await startAgent(this.#scope, name, options);
    } finally {
      begun();
    }
  }

  async machine(options: MachineOptions = {}): Promise<Machine> {
    checkMachineOptions("machine()", options);
    const begun = this.#scope.begin("the start of a machine");
    try {
      return await startMachine(this.#scope, options);
    } finally {
      begun();
    }
  }

  connect(a: Agent, b: Agent, options: ConnectOptions = {}): void {
    checkConnectOptions(options);
    connectAgents(this.#scope, [a, b], options);
  }

  /** Make a callback of a library, a stream or a socket act as this process. */
  bind<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
  ): (...args: Args) => Result {
    return (...args) => enter(this.#scope, () => fn(...args));
  }
}

/** Tell the person at the terminal of a failure that would be silent: the process's own handle is not read. */
function tellUnread({ run }: ProcessScope, record: ProcessRecord): void {
  const { path } = record;
  record.onEnd((end) => {
    if (end.type !== "failed" || record.isRead) return;
    const { message } = end.data;
    const what = message.startsWith(path) ? message : `${path} failed: ${message}`;
    run.tell(`ramure: ${what} (nobody has asked for its result so far)`);
  });
}
