import { checkName } from "../../names.ts";
import type { ContractShape, OpenShape } from "../endpoints/index.ts";
import {
  type AgentProcess,
  checkPolicy,
  definitionOf,
  type ProcessDefinition,
  type RestartPolicy,
  withoutRootOptions,
} from "../process/index.ts";

/** A child of a supervisor, as data: what `child()` made. */
export interface SupervisedChild<Result = unknown, Shape extends ContractShape = OpenShape> {
  /** Unique among its siblings; the last part of its path. */
  readonly id: string;
  readonly args: readonly unknown[];
  readonly policy: RestartPolicy;
  /** Carries the types of the process; never there. */
  readonly types?: { readonly result: Result; readonly shape: Shape } | undefined;
}

/**
 * The place of arguments and policy: the arguments may be left out where the process needs none.
 */
type ChildRest<Args extends readonly unknown[]> = [] extends Args
  ? readonly [args?: Args, policy?: RestartPolicy]
  : readonly [args: Args, policy?: RestartPolicy];

const definitions = new WeakMap<SupervisedChild<unknown, ContractShape>, ProcessDefinition>();

/**
 * Describe a child of a supervisor: its id, what it runs, with which arguments, and how it is kept alive.
 *
 * A restart runs it with the same arguments. Throws for an id that is no name.
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
export function child<Args extends readonly unknown[], Result, Shape extends ContractShape>(
  id: string,
  process: AgentProcess<Args, Result, Shape>,
  ...rest: ChildRest<Args>
): SupervisedChild<Result, Shape> {
  checkName("a child of a supervisor", id);
  const definition = definitionOf(process);
  const [args = [], policy = {}] = rest;
  checkPolicy(`child(${JSON.stringify(id)})`, policy);
  const made: SupervisedChild<Result, Shape> = { id, args, policy };
  const options = withoutRootOptions(definition.options);
  definitions.set(made, { ...definition, options, name: id, named: true });
  return made;
}

/** Find what a child runs. Throws TypeError for anything that `child` did not make. */
export function definitionOfChild(
  made: SupervisedChild<unknown, ContractShape>,
): ProcessDefinition {
  const definition = definitions.get(made);
  if (definition !== undefined) return definition;
  throw new TypeError("This is no child of a supervisor; make it with child(id, process, [args]).");
}
