import { isName } from "../../names.ts";
import type { ContractShape, OpenShape } from "../endpoints/index.ts";
import type { SupervisionFlags } from "../supervision/index.ts";
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

/** The definition of a process: name, options and body. */
export interface ProcessDefinition {
  readonly name: string;
  /** True when the name was given and must not be changed to make it unique. */
  readonly named: boolean;
  readonly options: ProcessOptions<ContractShape>;
  readonly body: (...args: readonly unknown[]) => unknown;
  /** The rules for its children. Default: as any process has them, one for one. */
  readonly supervision?: SupervisionFlags | undefined;
  /** The rule by which it counts as started. Default: when its body is entered. */
  readonly start?: StartRule | undefined;
  /** The kind of its handle. Default: the plain handle of a process. */
  readonly handle?: "supervisor" | "pool" | "statechart" | undefined;
  /** The facts that status tells of it: JSON values. Default: none. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** The name of the child that it stands for, when it does nothing but that. */
  readonly faceOf?: string | undefined;
}

/** The event by which a process counts as started. */
export interface StartRule {
  readonly event: string;
  /** The longest start, in ms; Infinity: no limit. */
  readonly timeoutMs: number;
  /** True when nobody waits for the start; a late event is a failure like any other. Default: false. */
  readonly alone?: boolean | undefined;
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

/** Make a process name of a function's: `openPool` gives `open-pool`; what cannot be a name gives `process`. */
export function nameOfFunction(functionName: string): string {
  const name = functionName
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/[^a-zA-Z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .toLowerCase()
    .slice(0, 64);
  return isName(name) ? name : "process";
}
