import type { AgentMemory } from "../../actors/agent/actor/index.ts";
import { agentMemoryOf, type ProcessScope } from "../process/index.ts";
import type { NudgeOptions } from "./nudge.ts";
import { RestWatch } from "./rest-watch.ts";

const watches = new WeakMap<AgentMemory, RestWatch>();

/**
 * Emit `tool-missed` on an agent that comes to rest without the tool that its process waits for, and
 * `quiescent` on the process when nothing is left that could call `done`: the body waits, every agent
 * is idle with no message under way, and no tool runs.
 *
 * An agent with `nudge` is reminded first; then the rest has not come yet.
 */
export function watchForQuiescence(
  scope: ProcessScope,
  memory: AgentMemory,
  nudge: NudgeOptions | undefined,
): void {
  const watch = new RestWatch(memory, nudge);
  watches.set(memory, watch);
  const unsubscribe = memory.events.subscribe(({ type, data }) => {
    watch.happened(type, data);
    if (type === "idle") lookAtRest(scope);
  });
  scope.context.own(unsubscribe);
}

/** Take in that an agent has ended for good: it will not call `done` any more. */
export function agentEnded(scope: ProcessScope, memory: AgentMemory): void {
  watches.get(memory)?.ended();
  lookAtRest(scope);
}

/** Look, a moment later, who has come to rest while the process waits. Call it also when it begins to wait. */
export function lookAtRest(scope: ProcessScope): void {
  queueMicrotask(() => consider(scope));
}

function consider(scope: ProcessScope): void {
  if (scope.closed || scope.signal.aborted || !scope.outcome.isAwaited) return;
  const agents = [...scope.record.agents.values()];
  const all = agents.flatMap((agent) => watches.get(agentMemoryOf(agent)) ?? []);
  const isNews = all.some(({ hasNews }) => hasNews);
  const reminded = all.filter((watch) => watch.look());
  if (!isNews || reminded.length > 0 || !all.every(({ isAtRest }) => isAtRest)) return;
  if (all.filter((watch) => watch.nudge()).length > 0) return;
  scope.record.emit("quiescent", { agents: agents.map(({ name }) => name) });
}
