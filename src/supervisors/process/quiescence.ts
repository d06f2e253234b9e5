import type { AgentMemory } from "../../actors/agent/agent-memory.ts";
import type { Scope } from "./scope.ts";

/**
 * Emit `quiescent` whenever an agent comes to rest and nothing is left that could call `done`: the body
 * waits, every agent is idle with no message under way, and no tool runs.
 */
export function watchForQuiescence(scope: Scope, memory: AgentMemory): void {
  const unsubscribe = memory.events.subscribe(({ type }) => {
    if (type === "idle") queueMicrotask(() => consider(scope));
  });
  scope.context.own(unsubscribe);
}

function consider(scope: Scope): void {
  if (scope.closed || scope.signal.aborted || !scope.outcome.isAwaited) return;
  const agents = [...scope.record.agents.values()];
  if (!agents.every(({ state }) => state === "idle")) return;
  scope.record.emit("quiescent", { agents: agents.map(({ name }) => name) });
}
