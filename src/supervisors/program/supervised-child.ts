import type { Machine } from "../../machines/machine.ts";
import { checkName } from "../../names.ts";
import {
  type AgentOptions,
  checkAgentOptions,
  checkMachineOptions,
  type MachineOptions,
} from "../agents/index.ts";
import type { ContractShape, OpenShape } from "../endpoints/index.ts";
import {
  type Agent,
  type AgentProcess,
  checkPolicy,
  definitionOf,
  type ProcessDefinition,
  type ProcessHandle,
  type RestartPolicy,
  withoutRootOptions,
} from "../process/index.ts";

/** A process as a child of a supervisor: what `child()` made. */
export interface SupervisedChild<Result = unknown, Shape extends ContractShape = OpenShape> {
  readonly kind: "process";
  /** Unique among its siblings; the last part of its path. */
  readonly id: string;
  readonly args: readonly unknown[] | ((get: Siblings) => readonly unknown[]);
  readonly policy: RestartPolicy;
  /** Carries the types of the process; never there. */
  readonly types?: { readonly result: Result; readonly shape: Shape } | undefined;
}

/** A machine as a child of a supervisor: what `child.machine()` made. */
export interface SupervisedMachine {
  readonly kind: "machine";
  readonly id: string;
  readonly options: Omit<MachineOptions, "name">;
}

/** An agent as a child of a supervisor: what `child.agent()` made. */
export interface SupervisedAgent {
  readonly kind: "agent";
  readonly id: string;
  readonly options: SupervisedAgentOptions;
}

export interface SupervisedAgentOptions extends Omit<AgentOptions, "machine"> {
  /** The machine that the agent lives on, or an earlier child of the same supervisor. Default: as for any agent. */
  readonly machine?: Machine | SupervisedMachine | undefined;
}

/** Any child of a supervisor. */
export type AnyChild =
  | SupervisedChild<unknown, ContractShape>
  | SupervisedAgent
  | SupervisedMachine;

/** The face of a child while it lives: a process's handle, an agent, a machine. */
export type LiveChild<Child> = Child extends SupervisedAgent
  ? Agent
  : Child extends SupervisedMachine
    ? Machine
    : Child extends SupervisedChild<infer Result, infer Shape>
      ? ProcessHandle<Result, Shape>
      : never;

/** Gives what an earlier sibling is. Throws MisuseError (`no-sibling`) for any other. */
export type Siblings = <Child extends AnyChild>(sibling: Child) => LiveChild<Child>;

/**
 * The place of arguments and policy: the arguments may be left out where the process needs none.
 */
type ChildRest<Args extends readonly unknown[]> = [] extends Args
  ? readonly [args?: Args | ((get: Siblings) => Args), policy?: RestartPolicy]
  : readonly [args: Args | ((get: Siblings) => Args), policy?: RestartPolicy];

const definitions = new WeakMap<SupervisedChild<unknown, ContractShape>, ProcessDefinition>();

/**
 * Describe a child of a supervisor: its id, what it runs, with which arguments, and how it is kept alive.
 *
 * A restart runs it with the same arguments; a function makes them anew at each start, and `get` gives
 * it what earlier siblings are. `child.agent` and `child.machine` describe children that are no
 * processes. Throws for an id that is no name.
 *
 * @param rest The arguments, required where the process has some; then the policy. Default: `transient`,
 * with the supervisor's own limits and no backoff.
 *
 * @example
 * ```ts
 * import { agentProcess, child, supervisor } from "ramure";
 *
 * const count = agentProcess(async function count(to: number) {
 *   return to;
 * });
 * const children = [
 *   child("few", count, [3], { significant: true }),
 *   child("many", count, [3_000], { significant: true, maxRestarts: 10, withinMs: 60_000 }),
 * ];
 *
 * const program = supervisor({ autoShutdown: "all-significant", children });
 * console.log(await program()); // { few: 3, many: 3000 }
 * ```
 */
export const child: ChildMaker = Object.assign(processChild, {
  agent: agentChild,
  machine: machineChild,
});

/** Makes children of supervisors. */
export interface ChildMaker {
  <Args extends readonly unknown[], Result, Shape extends ContractShape>(
    id: string,
    process: AgentProcess<Args, Result, Shape>,
    ...rest: ChildRest<Args>
  ): SupervisedChild<Result, Shape>;
  /**
   * Describe an agent as a child of a supervisor. It has started when its tools are acknowledged and a
   * model is present; its `prompt` is sent when all children have started. Throws for an id that is no
   * name and for options that an agent does not have.
   */
  agent(id: string, options?: SupervisedAgentOptions): SupervisedAgent;
  /** Describe a machine as a child of a supervisor. Throws for an id that is no name and for options that a machine does not have. */
  machine(id: string, options?: Omit<MachineOptions, "name">): SupervisedMachine;
}

function processChild<Args extends readonly unknown[], Result, Shape extends ContractShape>(
  id: string,
  process: AgentProcess<Args, Result, Shape>,
  ...rest: ChildRest<Args>
): SupervisedChild<Result, Shape> {
  checkName("a child of a supervisor", id);
  const definition = definitionOf(process);
  const [args = [], policy = {}] = rest;
  checkPolicy(`child(${JSON.stringify(id)})`, policy);
  const made: SupervisedChild<Result, Shape> = { kind: "process", id, args, policy };
  const options = withoutRootOptions(definition.options);
  definitions.set(made, { ...definition, options, name: id, named: true });
  return made;
}

function agentChild(id: string, options: SupervisedAgentOptions = {}): SupervisedAgent {
  checkName("a child of a supervisor", id);
  checkAgentOptions(`child.agent(${JSON.stringify(id)})`, options);
  return { kind: "agent", id, options };
}

function machineChild(id: string, options: Omit<MachineOptions, "name"> = {}): SupervisedMachine {
  checkName("a child of a supervisor", id);
  checkMachineOptions(`child.machine(${JSON.stringify(id)})`, options);
  return { kind: "machine", id, options };
}

/** Find what a child runs. Throws TypeError for anything that `child` did not make. */
export function definitionOfChild(
  made: SupervisedChild<unknown, ContractShape>,
): ProcessDefinition {
  const definition = definitions.get(made);
  if (definition !== undefined) return definition;
  throw new TypeError("This is no child of a supervisor; make it with child(id, process, [args]).");
}
