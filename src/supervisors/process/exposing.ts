import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type InputSchema, parametersOf } from "../../actors/agent/tools/index.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import { type EndpointCall, EndpointError } from "../endpoints/index.ts";
import { enter, type ProcessScope } from "./scope.ts";

/** The options of an endpoint. */
export interface EndpointOptions<Input = unknown> {
  /** One line for people and models. Default: the contract's, else none. */
  readonly description?: string | undefined;
  /** Schema of the one argument object. Default: the contract's; without one, no arguments. */
  readonly input?: InputSchema<Input> | undefined;
  /** Schema of the answer. Default: the contract's, else anything. */
  readonly output?: StandardSchemaV1 | undefined;
}

const endpointKinds: OptionKinds<EndpointOptions> = {
  description: "text",
  input: "any",
  output: "any",
};

export type EndpointHandler = (args: never, call: EndpointCall) => unknown;

const namePattern = /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/;

/** Make a function callable from outside: by the handle, by agents that it is attached to, by `ramure call`. */
export function exposeIn(
  scope: ProcessScope,
  name: string,
  options: EndpointOptions,
  handler: EndpointHandler,
): void {
  const { path, definition, endpoints } = scope.record;
  checkOptions(`expose(${JSON.stringify(name)})`, options, endpointKinds);
  if (!namePattern.test(name)) {
    throw new EndpointError(
      path,
      name,
      "an endpoint's name is 1 to 64 of A-Z, a-z, 0-9, _ and -, not starting with a digit or -",
    );
  }
  if (typeof handler !== "function")
    throw new EndpointError(path, name, "the handler must be a function");
  const declared = definition.options.contract?.shape.endpoints?.[name];
  const input = options.input ?? declared?.input;
  parametersOf(input);
  endpoints.expose({
    name,
    description: options.description ?? declared?.description ?? "",
    input,
    output: options.output ?? declared?.output,
    signal: scope.signal,
    run: (args, call) => enter(scope, () => handler(args as never, call)),
  });
}
