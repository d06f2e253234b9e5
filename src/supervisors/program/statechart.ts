import type { StandardSchemaV1 } from "@standard-schema/spec";
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  EmittedFrom,
  EventFromLogic,
  EventObject,
  InputFrom,
  OutputFrom,
  SnapshotFrom,
} from "xstate";
import { deferred } from "../../actors/wait.ts";
import {
  checkKept,
  HostedMachine,
  type KeptMachine,
  type MachineInspector,
} from "../../actors/xstate/index.ts";
import { MisuseError } from "../../errors.ts";
import { checkName, isName } from "../../names.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import { type ContractShape, checkEvent } from "../endpoints/index.ts";
import {
  type AgentProcess,
  currentScope,
  enter,
  type ProcessHandle,
  type ProcessOptions,
  type ProcessRecord,
  type ProcessScope,
  RecordHandle,
  receiveIn,
} from "../process/index.ts";
import { makeProcess } from "./agent-process.ts";

export interface StatechartOptions {
  /** 1 to 64 of a-z, 0-9, _ and -. Default: the machine's id where it is such a name, else `statechart`. */
  readonly name?: string | undefined;
  /** The state to go on from: the data of an earlier `snapshot` event. Default: the initial state. */
  readonly from?: KeptMachine | undefined;
  /** Called with every event and transition, such as the `inspect` of `@statelyai/inspect`. Default: not called. */
  readonly inspect?: MachineInspector | undefined;
}

const optionKinds: OptionKinds<StatechartOptions> = {
  name: "text",
  from: "object",
  inspect: "any",
};

type Said<Data> = StandardSchemaV1<Data, Data>;

type EmittedEvents<Machine extends AnyStateMachine> = {
  readonly [Emitted in EmittedFrom<Machine> as Emitted["type"]]: Said<Emitted>;
};

/** The events and messages of a machine's process. */
export interface StatechartShape<Machine extends AnyStateMachine> extends ContractShape {
  readonly events: EmittedEvents<Machine> & {
    /** The whole state, after each step. */
    readonly snapshot: Said<KeptMachine>;
    /** A message that the state did not take. */
    readonly unhandled: Said<{ readonly message: unknown }>;
  };
  readonly messages: Said<EventFromLogic<Machine>>;
}

/** The input of a machine as the arguments of its process. */
export type StatechartArguments<Machine extends AnyStateMachine> =
  undefined extends InputFrom<Machine> ? [input?: InputFrom<Machine>] : [input: InputFrom<Machine>];

/** A process that runs an XState machine. */
export interface StatechartProcess<Machine extends AnyStateMachine>
  extends AgentProcess<
    StatechartArguments<Machine>,
    OutputFrom<Machine>,
    StatechartShape<Machine>
  > {
  with(options: ProcessOptions<StatechartShape<Machine>>): StatechartProcess<Machine>;
  readonly kind: "statechart";
}

/** A statechart that was started. */
export interface StatechartHandle<Machine extends AnyStateMachine>
  extends ProcessHandle<OutputFrom<Machine>, StatechartShape<Machine>> {
  /** Send the machine an event. False: it has ended. */
  send(event: EventFromLogic<Machine>): boolean;
  /** The machine's newest snapshot; undefined before the first. */
  readonly snapshot: SnapshotFrom<Machine> | undefined;
}

/**
 * Make a process of an XState machine: its messages are the machine's events, its result the output.
 *
 * Actions and invoked actors run as code of the process, so that `agent`, `emit` and the other verbs
 * work in them. Delays go by the run's clock. After each step there is an event `snapshot`, whose
 * data is the whole state; events that the machine emits are events of the process. A message that
 * the state does not take is an event `unhandled`. An error in the machine fails the process; a
 * process that is stopped stops what the machine invoked. A restart begins where the first start did.
 *
 * Throws MisuseError (`invalid-name`, `unknown-option`, `kept-machine`). `from` needs a context of
 * plain data; delays go on with what was left of them by the wall clock, and invoked promises that had
 * not settled are begun again.
 *
 * @example
 * ```ts
 * import { agentProcess, spawn, statechart } from "ramure";
 * import { setup } from "xstate";
 *
 * const gate = setup({
 *   types: { events: {} as { type: "approve" } | { type: "reject" }, output: {} as string },
 * }).createMachine({
 *   id: "gate",
 *   initial: "open",
 *   states: {
 *     open: { on: { approve: "passed" } },
 *     passed: { type: "final" },
 *   },
 *   output: "approved",
 * });
 *
 * const main = agentProcess(async function main() {
 *   const review = spawn(statechart(gate));
 *   review.send({ type: "approve" });
 *   return await review.result();
 * });
 * console.log(await main()); // approved
 * ```
 */
export function statechart<Machine extends AnyStateMachine>(
  machine: Machine,
  options: StatechartOptions = {},
): StatechartProcess<Machine> {
  checkOptions("statechart()", options, optionKinds);
  checkMachine(machine);
  checkKept(options.from);
  if (options.name !== undefined) checkName("a statechart", options.name);
  const process = makeProcess({
    name: options.name ?? nameOf(machine),
    named: options.name !== undefined,
    options: {},
    handle: "statechart",
    body: (input) => run(machine, options, input as InputFrom<Machine> | undefined),
  });
  return process as unknown as StatechartProcess<Machine>;
}

function nameOf({ id }: AnyStateMachine): string {
  return isName(id) ? id : "statechart";
}

function checkMachine(machine: unknown): void {
  const { transition, root }: { readonly transition?: unknown; readonly root?: unknown } =
    Object(machine);
  if (typeof transition === "function" && root !== undefined) return;
  throw new MisuseError(
    "not-a-machine",
    "statechart() takes a machine of XState 5: what createMachine() or setup().createMachine() gave.",
  );
}

const charts = new WeakMap<ProcessRecord, HostedMachine<AnyStateMachine>>();

async function run(
  machine: AnyStateMachine,
  { from, inspect }: StatechartOptions,
  input: unknown,
): Promise<unknown> {
  const scope = currentScope("statechart");
  const { record } = scope;
  const ended = deferred<{ readonly output: unknown }>();
  const chart: HostedMachine<AnyStateMachine> = new HostedMachine(
    machine,
    { clock: scope.run.clock, input, from, inspect, run: (step) => enter(scope, step) },
    {
      stepped: () => emitIn(scope, "snapshot", chart.kept()),
      emitted: (event) => emitIn(scope, event.type, event),
      completed: (output) => ended.resolve({ output }),
      failed: (error) => ended.reject(error),
    },
  );
  charts.set(record, chart);
  try {
    chart.start();
    for (;;) {
      const message = receiveIn(scope, {}).then((value) => ({ value }));
      const next = await Promise.race([ended.promise, message]);
      if ("output" in next) return next.output;
      if (isEvent(next.value) && chart.takes(next.value)) chart.send(next.value);
      else emitIn(scope, "unhandled", { message: next.value });
    }
  } finally {
    chart.stop();
  }
}

function emitIn({ record, closed }: ProcessScope, type: string, data: unknown): void {
  if (closed) return;
  record.emit(type, checkEvent(record.path, record.definition.options.contract, type, data));
}

function isEvent(message: unknown): message is EventObject {
  return typeof Object(message).type === "string";
}

/** The `StatechartHandle` of a record. */
export class StatechartRecordHandle extends RecordHandle {
  send(event: EventObject): boolean {
    const record = this.record();
    return record.addressee().deliver(event);
  }

  get snapshot(): AnyMachineSnapshot | undefined {
    return charts.get(this.record())?.snapshot;
  }
}
