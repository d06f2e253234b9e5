import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  defineTool,
  type InputSchema,
  parametersOf,
  type Tool,
} from "../../actors/agent/tools/index.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import { type Endpoint, type EndpointCall, EndpointError } from "../endpoints/index.ts";
import { type Agent, agentMemoryOf } from "./agent.ts";
import type { ProcessRecord } from "./process-record.ts";
import { enter, type ProcessScope, scopeIfAny } from "./scope.ts";

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

export interface AttachOptions {
  /** The endpoints to attach. Default: all that are exposed now. */
  readonly only?: readonly string[] | undefined;
  /** Put before each name to make the tool's. Default: none. */
  readonly prefix?: string | undefined;
}

const attachKinds: OptionKinds<AttachOptions> = { only: "list", prefix: "text" };

/** Give an agent the endpoints of a process as tools, until that process ends or the result is called. */
export async function attachEndpoints(
  record: ProcessRecord,
  agent: Agent,
  options: AttachOptions,
): Promise<() => void> {
  checkOptions("attach()", options, attachKinds);
  const { only, prefix = "" } = options;
  const { tools } = agentMemoryOf(agent);
  const scope = scopeIfAny();
  const withdrawals: (() => void)[] = [];
  const detach = (): void => {
    for (const withdraw of withdrawals.splice(0)) withdraw();
  };
  try {
    for (const endpoint of chosen(record, only)) {
      withdrawals.push(tools.add(toolOf(record, endpoint, prefix)));
      endpoint.signal.addEventListener("abort", detach, { once: true });
    }
  } catch (error) {
    detach();
    throw error;
  }
  const release = scope?.context.own(detach);
  return () => {
    release?.();
    detach();
  };
}

function chosen(record: ProcessRecord, only: readonly string[] | undefined): readonly Endpoint[] {
  if (only === undefined) return record.endpoints.list();
  return only.map((name) => {
    const endpoint = record.endpoints.get(name);
    if (endpoint !== undefined) return endpoint;
    throw notExposed(record, name);
  });
}

function notExposed({ path, definition, endpoints }: ProcessRecord, name: string): EndpointError {
  const declared = Object.hasOwn(definition.options.contract?.shape.endpoints ?? {}, name);
  const known = endpoints.list().map((endpoint) => endpoint.name);
  const why = declared
    ? "it is declared and not exposed yet; attach it once it is"
    : `it is not exposed, so it cannot be attached; exposed are: ${known.join(", ") || "none"}`;
  return new EndpointError(path, name, why);
}

/** The endpoint itself checks what it is given and ends what takes too long. */
function toolOf(record: ProcessRecord, endpoint: Endpoint, prefix: string): Tool {
  const { name, description, input } = endpoint;
  const tool = defineTool(`${prefix}${name}`, { description, input, timeoutMs: 0 }, (args, call) =>
    record.endpoints.call(name, args, { signal: call.signal }),
  );
  return { ...tool, validate: async (args) => args };
}
