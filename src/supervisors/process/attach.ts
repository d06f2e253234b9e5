import { parametersOf } from "../../actors/agent/tool-schema.ts";
import { EndpointError } from "../../errors.ts";
import type { Agent } from "./agent.ts";
import { agentMemoryOf } from "./agent-record.ts";
import type { Endpoint } from "./endpoint-table.ts";
import type { ProcessRecord } from "./process-record.ts";

export interface AttachOptions {
  /** The endpoints to attach. Default: all that are exposed now. */
  readonly only?: readonly string[] | undefined;
  /** Put before each name to make the tool's. Default: none. */
  readonly prefix?: string | undefined;
}

/** Give an agent the endpoints of a process as tools, until that process ends or the result is called. */
export async function attachEndpoints(
  record: ProcessRecord,
  agent: Agent,
  { only, prefix = "" }: AttachOptions,
): Promise<() => void> {
  const { tools } = agentMemoryOf(agent);
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
  return detach;
}

function chosen(record: ProcessRecord, only: readonly string[] | undefined): readonly Endpoint[] {
  if (only === undefined) return record.endpoints.list();
  return only.map((name) => {
    const endpoint = record.endpoints.get(name);
    if (endpoint !== undefined) return endpoint;
    throw new EndpointError(record.path, name, "it is not exposed, so it cannot be attached");
  });
}

function toolOf(record: ProcessRecord, endpoint: Endpoint, prefix: string) {
  return {
    name: `${prefix}${endpoint.name}`,
    description: endpoint.description,
    parameters: parametersOf(endpoint.input),
    timeoutMs: 0,
    validate: async (args: unknown) => args,
    run: (args: unknown, { signal }: { readonly signal: AbortSignal }) =>
      record.endpoints.call(endpoint.name, args, { signal }),
  };
}
