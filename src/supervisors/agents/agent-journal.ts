import {
  type AgentMemory,
  createAgentMemory,
  type EntrySnapshot,
} from "../../actors/agent/actor/index.ts";
import type { Run } from "../process/index.ts";

/**
 * Make the memory of an agent whose events and messages are in the run's journal.
 *
 * A message is on the disk before `send` resolves, and a tool's result before the agent has it.
 */
export function journaledMemory(run: Run, path: string): AgentMemory {
  const deliveries = deliveryNotes(run, path);
  return createAgentMemory({
    clock: run.clock,
    path,
    registry: run.registry,
    persist: ({ id, text, deliver }) => {
      deliveries.taken(id);
      return run.commit({ type: "message-taken", path, data: { id, text, deliver } });
    },
    onDelivery: deliveries.moved,
    archive: run.archive(path),
    synced: () => run.synced(),
  });
}

/** Notes each step of each message; the text once, and not the first time that it is queued. */
function deliveryNotes(run: Run, path: string) {
  const known = new Set<string>();
  const moved = ({ id, text, deliver, state }: EntrySnapshot): void => {
    const isNew = !known.has(id);
    known.add(id);
    if (state === "durable") known.delete(id);
    if (state === "queued" && fresh.delete(id)) return;
    const words = isNew ? { text, deliver } : {};
    run.note({ type: `message-${state}`, path, data: { id, ...words } });
  };
  const fresh = new Set<string>();
  const taken = (id: string): void => {
    known.add(id);
    fresh.add(id);
  };
  return { taken, moved };
}
