import type { AgentMemory } from "../../actors/agent/agent-memory.ts";
import { agentMemoryOf } from "./agent-record.ts";
import { type NudgeOptions, Nudger } from "./nudge.ts";
import type { Scope } from "./scope.ts";

const nudgers = new WeakMap<AgentMemory, Nudger>();

/**
 * Emit `quiescent` whenever an agent comes to rest and nothing is left that could call `done`: the body
 * waits, every agent is idle with no message under way, and no tool runs.
 *
 * An agent with `nudge` is reminded first; then the rest has not come yet.
 */
export function watchForQuiescence(
  scope: Scope,
  memory: AgentMemory,
  nudge: NudgeOptions | undefined,
): void {
  const nudger = nudge && new Nudger(memory, nudge);
  if (nudger) nudgers.set(memory, nudger);
  const unsubscribe = memory.events.subscribe(({ type, data }) => {
    if (type === "message") nudger?.heard(userText(data));
    if (type === "idle") queueMicrotask(() => consider(scope));
  });
  scope.context.own(unsubscribe);
}

function consider(scope: Scope): void {
  if (scope.closed || scope.signal.aborted || !scope.outcome.isAwaited) return;
  const agents = [...scope.record.agents.values()];
  const memories = agents.map(agentMemoryOf);
  if (!memories.every(isAtRest)) return;
  const nudged = memories.filter((memory) => nudgers.get(memory)?.nudge() === true);
  if (nudged.length > 0) return;
  scope.record.emit("quiescent", { agents: agents.map(({ name }) => name) });
}

function isAtRest({ state, outbox }: AgentMemory): boolean {
  return state === "idle" && outbox.waiting.length === 0;
}

/** What somebody said to the agent; the agent's own words remind nobody of anything. */
function userText(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("text" in data)) return undefined;
  const isUser = "role" in data && data.role === "user";
  return isUser && typeof data.text === "string" ? data.text : undefined;
}
