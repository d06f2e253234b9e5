import type { Tool } from "../../actors/agent/tools/index.ts";
import { MisuseError } from "../../errors.ts";
import { type Agent, agentMemoryOf, type ProcessScope } from "../process/index.ts";
import { type Acquaintance, incomingTools, outgoingTools } from "./connection-tools.ts";
import { RateLimit } from "./rate-limit.ts";

export interface ConnectOptions {
  /** `both`: each may reach the other; `forward`: only `a` may reach `b`. Default: `both`. */
  readonly direction?: "both" | "forward" | undefined;
  /** The largest file that goes over this connection, in bytes. Default: 10 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** How many messages go over it a minute, each way, so that two agents cannot talk without end. Default: 30. */
  readonly maxMessagesPerMinute?: number | undefined;
}

/** The connections of one agent in one direction, by the names it knows the others by. */
interface Side {
  readonly known: Map<string, Acquaintance>;
  readonly withdrawals: (() => void)[];
}

const outgoing = new WeakMap<Agent, Side>();
const incoming = new WeakMap<Agent, Side>();

/**
 * Let agents reach each other: `a` and `b` get the tools `message`, `send_file`, `download_file` and
 * `list_agents`. The connection ends with the process, or with either agent.
 */
export function connectAgents(
  scope: ProcessScope,
  a: Agent,
  b: Agent,
  options: ConnectOptions,
): void {
  const { direction = "both" } = options;
  if (direction !== "both" && direction !== "forward") {
    throw new MisuseError(
      "direction",
      `A connection has no direction ${JSON.stringify(String(direction))}; use "both" or "forward".`,
    );
  }
  for (const agent of [a, b]) agentMemoryOf(agent);
  open(scope, { from: a, to: b }, options);
  if (direction === "both") open(scope, { from: b, to: a }, options);
}

/** End all connections of an agent that has ended. */
export function disconnectAgent(agent: Agent): void {
  for (const side of [outgoing.get(agent), incoming.get(agent)]) {
    for (const { close } of side?.known.values() ?? []) close();
  }
}

interface Edge {
  readonly from: Agent;
  readonly to: Agent;
}

function open(scope: ProcessScope, edge: Edge, options: ConnectOptions): void {
  const { from, to } = edge;
  const { registry, clock } = scope.run;
  find(outgoing.get(from), to)?.close();
  const out = sideOf(outgoing, from, (known) => outgoingTools(from, known));
  const into = sideOf(incoming, to, (known) => incomingTools(to, known));
  const { maxFileBytes = 10 * 1024 * 1024, maxMessagesPerMinute = 30 } = options;
  const names = { out: nameFor(out, to), into: nameFor(into, from) };
  const connection = { from: from.path, to: to.path };
  const close = (): void => {
    if (out.known.get(names.out) !== forth) return;
    forget(outgoing, from, names.out);
    forget(incoming, to, names.into);
    registry.send({ type: "disconnected", connection });
  };
  const rate = new RateLimit(clock, { most: maxMessagesPerMinute, withinMs: 60_000 });
  const forth: Acquaintance = { agent: to, maxFileBytes, rate, close };
  out.known.set(names.out, forth);
  into.known.set(names.into, { ...forth, agent: from });
  scope.context.own(close);
  registry.send({ type: "connected", connection });
}

function find(side: Side | undefined, agent: Agent): Acquaintance | undefined {
  return [...(side?.known.values() ?? [])].find((known) => known.agent === agent);
}

/** The short name, or the whole path where the short one means another. */
function nameFor({ known }: Side, agent: Agent): string {
  return known.has(agent.name) ? agent.path : agent.name;
}

/** Find an agent's side, or make it and give the agent its tools. */
function sideOf(
  sides: WeakMap<Agent, Side>,
  agent: Agent,
  make: (known: ReadonlyMap<string, Acquaintance>) => readonly Tool[],
): Side {
  const found = sides.get(agent);
  if (found !== undefined) return found;
  const side: Side = { known: new Map(), withdrawals: [] };
  const { tools } = agentMemoryOf(agent);
  try {
    for (const tool of make(side.known)) side.withdrawals.push(tools.add(tool));
  } catch (error) {
    for (const withdraw of side.withdrawals) withdraw();
    throw error;
  }
  sides.set(agent, side);
  return side;
}

/** With its last connection an agent loses the tools. */
function forget(sides: WeakMap<Agent, Side>, agent: Agent, name: string): void {
  const side = sides.get(agent);
  side?.known.delete(name);
  if (side === undefined || side.known.size > 0) return;
  for (const withdraw of side.withdrawals) withdraw();
  sides.delete(agent);
}
