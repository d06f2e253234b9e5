import { defineTool } from "../../actors/agent/tool.ts";
import { jsonSchema } from "../../actors/agent/tool-schema.ts";
import { DirectionError } from "../../errors.ts";
import type { Agent } from "./agent.ts";
import { agentMemoryOf } from "./agent-record.ts";
import type { Scope } from "./scope.ts";

export interface ConnectOptions {
  /** `both`: each may reach the other; `forward`: only `a` may reach `b`. Default: `both`. */
  readonly direction?: "both" | "forward" | undefined;
}

/** Whom an agent may reach, by the names it knows them by. */
const reachable = new WeakMap<Agent, Map<string, Agent>>();

/** Let agents reach each other with the built-in tools `message` and `list_agents`. */
export function connectAgents(
  scope: Scope,
  a: Agent,
  b: Agent,
  { direction = "both" }: ConnectOptions,
): void {
  if (direction !== "both" && direction !== "forward") throw new DirectionError(String(direction));
  open(scope, a, b);
  if (direction === "both") open(scope, b, a);
}

function open(scope: Scope, from: Agent, to: Agent): void {
  const known = reachable.get(from) ?? new Map<string, Agent>();
  if (!reachable.has(from)) giveTools(scope, from, known);
  reachable.set(from, known);
  known.set(nameFor(known, to), to);
  const connection = { from: from.path, to: to.path };
  scope.run.registry.send({ type: "connected", connection });
}

/** The short name, or the whole path where the short one means another. */
function nameFor(known: ReadonlyMap<string, Agent>, to: Agent): string {
  const other = known.get(to.name);
  return other === undefined || other === to ? to.name : to.path;
}

function giveTools(scope: Scope, from: Agent, known: ReadonlyMap<string, Agent>): void {
  const { tools } = agentMemoryOf(from);
  const message = defineTool(
    "message",
    { description: "Send a message to another agent.", input: messageInput },
    async ({ receiver, message }) => {
      const to = known.get(receiver);
      if (to === undefined)
        throw new Error(`There is no agent ${receiver}; list_agents tells whom you can reach.`);
      await to.send(`[message from ${from.name}]\n${message}`);
      return `Sent to ${receiver}.`;
    },
  );
  const list = defineTool(
    "list_agents",
    { description: "List the agents that you can reach." },
    () => [...known.keys()],
  );
  scope.context.own(tools.add(message));
  scope.context.own(tools.add(list));
}

const messageInput = jsonSchema<{ readonly receiver: string; readonly message: string }>({
  type: "object",
  properties: {
    receiver: { type: "string", description: "Name of the agent." },
    message: { type: "string" },
  },
  required: ["receiver", "message"],
  additionalProperties: false,
});
