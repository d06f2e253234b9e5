import type { Clock } from "../../clock.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { Started } from "./agent-start.ts";

/** How long handlers that are at it may take to give their results. */
const handlersMs = 1_000;
/** How long the agent may take to say that it has the results. */
const resultsMs = 2_000;
/** How long it may take to end by itself. */
const goodbyeMs = 5_000;

/** End a living agent as it would end itself: it has its results first, then it is asked to go. */
export async function stopPolitely(
  { launched, wire }: Pick<Started, "launched" | "wire">,
  memory: AgentMemory,
  clock: Clock,
): Promise<void> {
  if (!wire.isOpen) return;
  const gone = launched.exited.then(() => {});
  const running = [...memory.openCalls.values()].map(({ result }) => result);
  const answered = Promise.all(running).then(() => {});
  if (running.length > 0) await within(clock, handlersMs, Promise.race([answered, gone]));
  await within(clock, resultsMs, Promise.race([wire.quiet(), gone]));
  wire.send({ type: "shutdown" });
  await within(clock, goodbyeMs, gone);
}

/** Wait for it, but not longer. It must not reject. */
async function within(clock: Clock, ms: number, what: Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = clock.sleep(ms, { signal: done.signal }).catch(() => {});
  await Promise.race([what, late]);
  done.abort();
}
