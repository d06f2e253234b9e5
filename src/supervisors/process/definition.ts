import { InvalidNameError } from "../../errors.ts";
import type { ContractShape, OpenShape } from "./contract.ts";
import type { ProcessOptions } from "./process-options.ts";

/**
 * A process that can be run: `await review(file)` runs it and gives its result.
 *
 * Called where no process runs it is the root of a new run; called inside one it is a child of it.
 */
export interface AgentProcess<
  Args extends readonly unknown[] = readonly unknown[],
  Result = unknown,
  Shape extends ContractShape = OpenShape,
> {
  (...args: Args): Promise<Result>;
  /** Make the same process with other options; the rest stays. */
  with(options: ProcessOptions<Shape>): AgentProcess<Args, Result, Shape>;
  /** The name its runs get. */
  readonly processName: string;
}

/** What `agentProcess` was given. */
export interface ProcessDefinition {
  readonly name: string;
  /** Whether the name was given and must not be changed to make it unique. */
  readonly named: boolean;
  readonly options: ProcessOptions<ContractShape>;
  readonly body: (...args: readonly unknown[]) => unknown;
}

const definitions = new WeakMap<object, ProcessDefinition>();

/** Remember what a process was made of. */
export function define(process: object, definition: ProcessDefinition): void {
  definitions.set(process, definition);
}

/** Find what a process was made of. Throws TypeError for anything that `agentProcess` did not make. */
export function definitionOf(process: object): ProcessDefinition {
  const definition = definitions.get(process);
  if (definition !== undefined) return definition;
  throw new TypeError("This is no process; wrap the function: agentProcess(async () => …).");
}

const namePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Throw InvalidNameError unless paths, files and tmux can all carry the name. */
export function checkName(what: string, name: string): void {
  if (typeof name !== "string" || !namePattern.test(name)) {
    throw new InvalidNameError(what, String(name));
  }
}

/** Make a process name of a function's: `openPool` gives `open-pool`; what cannot be a name gives `process`. */
export function nameOfFunction(functionName: string): string {
  const name = functionName
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/[^a-zA-Z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .toLowerCase()
    .slice(0, 64);
  return namePattern.test(name) ? name : "process";
}
