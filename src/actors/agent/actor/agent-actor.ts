import { type Behavior, errorExit, type SpawnOptions } from "../../kernel/index.ts";
import type { AgentMessage } from "./agent-message.ts";
import type { AgentSpec } from "./agent-spec.ts";
import { startLife } from "./agent-start.ts";
import { Life } from "./life.ts";

/** The spawn options of an agent: its own limits bound its start, its stop takes up to 15 s. */
export const agentSpawnOptions = {
  kind: "agent",
  startTimeoutMs: Number.POSITIVE_INFINITY,
  shutdownMs: 15_000,
} as const satisfies SpawnOptions;

/**
 * Make the actor of a coding agent: it launches the harness, hands it messages and tools, and ends
 * when the harness does.
 *
 * Started means: the agent has its tools and a model. It ends with class `lost` when its process
 * ended or cannot be reached any more, and with the start's error when it did not come up. When no
 * other incarnation follows, the maker of the memory calls its `end`.
 */
export function agentBehavior(spec: AgentSpec): Behavior<AgentMessage, Life> {
  return {
    init: async (context) => {
      const { memory } = spec;
      await memory.vacated();
      context.signal.throwIfAborted();
      memory.begin(context.self, context.epoch);
      context.own(() => memory.leave());
      try {
        return new Life(spec, context, await memory.occupied(startLife(spec, context)));
      } catch (error) {
        if (context.signal.aborted) memory.standing.stopping(context.epoch);
        else memory.crashing(context.epoch, errorExit(error, "start"));
        throw error;
      }
    },
    started: (life) => life.started(),
    receive: (life, message) => life.receive(message),
    terminate: (life, reason) => life.terminate(reason),
  };
}
