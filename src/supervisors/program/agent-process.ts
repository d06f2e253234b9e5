import { checkName } from "../../names.ts";
import { checkOptions } from "../../options.ts";
import type { ContractShape, OpenShape } from "../endpoints/index.ts";
import {
  type AgentProcess,
  callProcess,
  currentScope,
  define,
  nameOfFunction,
  orStopped,
  type ProcessDefinition,
  type ProcessOptions,
  processOptionKinds,
  scopeIfAny,
} from "../process/index.ts";
import { startRun } from "../runtime/index.ts";

/**
 * Make a process of an async function.
 *
 * Call the result like the function: outside any process it starts a run with itself as the root,
 * inside one it runs as a child and is awaited. It resolves with what the body returns, or with what
 * `done` was given if the body returns nothing; it rejects with what the body threw.
 *
 * @example
 * ```ts
 * import { agentProcess } from "ramure";
 *
 * const greet = agentProcess(async function greet(name: string) {
 *   return `Hello ${name}.`;
 * });
 * const program = agentProcess({ name: "greetings", timeoutMs: 60_000 }, async () => {
 *   return [await greet("Ada"), await greet("Alan")];
 * });
 *
 * console.log(await program()); // ["Hello Ada.", "Hello Alan."]
 * ```
 */
export function agentProcess<Args extends readonly unknown[], Result>(
  body: (...args: Args) => Promise<Result>,
): AgentProcess<Args, Result>;
export function agentProcess<
  Args extends readonly unknown[],
  Result,
  Shape extends ContractShape = OpenShape,
>(
  options: ProcessOptions<Shape>,
  body: (...args: Args) => Promise<Result>,
): AgentProcess<Args, Result, Shape>;
export function agentProcess(...given: readonly unknown[]): AgentProcess {
  const [options, body] = given.length === 1 ? [{}, given[0]] : given;
  if (typeof body !== "function") throw new TypeError("agentProcess needs an async function.");
  checkOptions("agentProcess()", options, processOptionKinds);
  return makeProcess({
    ...naming((options as ProcessOptions).name, body.name),
    options: options as ProcessOptions<ContractShape>,
    body: body as ProcessDefinition["body"],
  });
}

/** Make the callable of a definition. */
export function makeProcess(definition: ProcessDefinition): AgentProcess {
  const process = (...args: readonly unknown[]): Promise<unknown> => run(definition, args);
  define(process, definition);
  return Object.assign(process, {
    processName: definition.name,
    with: (options: ProcessOptions) => {
      checkOptions("with()", options, processOptionKinds);
      return makeProcess({
        ...definition,
        ...(options.name === undefined ? {} : naming(options.name, "")),
        options: { ...definition.options, ...options },
      });
    },
  });
}

function naming(
  given: string | undefined,
  functionName: string,
): Pick<ProcessDefinition, "name" | "named"> {
  if (given !== undefined) checkName("a process", given);
  return { name: given ?? nameOfFunction(functionName), named: given !== undefined };
}

async function run(definition: ProcessDefinition, args: readonly unknown[]): Promise<unknown> {
  if (scopeIfAny() === undefined) return await startRun(definition, args);
  const scope = currentScope(definition.name);
  return await orStopped(
    callProcess(scope, definition, args),
    `the result of ${definition.name}()`,
  );
}
