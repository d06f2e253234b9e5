import { MisuseError } from "../../errors.ts";
import type { Agent, ProcessScope } from "../process/index.ts";
import { type AgentEntry, entryOf } from "./agent-entry.ts";
import { RateLimit } from "./rate-limit.ts";
import type { Route } from "./route.ts";

export interface ConnectOptions {
  /** `both`: each may reach the other; `forward`: only `a` may reach `b`. Default: `both`. */
  readonly direction?: "both" | "forward" | undefined;
  /** The largest file that goes over this connection, in bytes; 256 MiB at most. Default: 10 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** The most messages over it a minute, each way, so that two agents cannot talk without end. Default: 30. */
  readonly maxMessagesPerMinute?: number | undefined;
}

/**
 * Let agents reach each other: `a` and `b` get the tools `message`, `send_file`, `download_file` and
 * `list_agents`. The connection ends with the process, or with either agent.
 */
export function connectAgents(
  scope: ProcessScope,
  [a, b]: readonly [Agent, Agent],
  options: ConnectOptions,
): void {
  const { direction = "both" } = options;
  if (direction !== "both" && direction !== "forward") {
    throw new MisuseError(
      "direction",
      `A connection has no direction ${JSON.stringify(String(direction))}; use "both" or "forward".`,
    );
  }
  const [from, to] = [entryOf(a), entryOf(b)];
  if (from === to) {
    const { path } = from.memory;
    throw new MisuseError("self", `${path} cannot be connected with itself; name two agents.`);
  }
  open(scope, { from, to }, options);
  if (direction === "both") open(scope, { from: to, to: from }, options);
}

interface Ends {
  readonly from: AgentEntry;
  readonly to: AgentEntry;
}

/** Open a route, in place of one that is open between the same two. */
function open(scope: ProcessScope, { from, to }: Ends, options: ConnectOptions): void {
  const { registry, clock } = scope.run;
  const { maxFileBytes = 10 * 1024 * 1024, maxMessagesPerMinute = 30 } = options;
  from.outgoing.get(to.word)?.close();
  const connection = { from: from.memory.path, to: to.memory.path };
  const close = (): void => {
    if (from.outgoing.get(to.word) !== route) return;
    from.outgoing.remove(to);
    to.incoming.remove(from);
    registry.send({ type: "disconnected", connection });
    // An agent that waited for an answer over this route waits no longer.
    from.lookAtRest();
  };
  const rate = new RateLimit(clock, { most: maxMessagesPerMinute, withinMs: 60_000 });
  const route: Route = { from, to, maxFileBytes, rate, isAsking: false, close };
  from.outgoing.add(to.word, route);
  to.incoming.add(from.word, route);
  scope.context.own(close);
  registry.send({ type: "connected", connection });
}
