import { waiting } from "../../wait.ts";
import type { StartGate } from "./agent-spec.ts";

/** Make a gate that lets `places` in at a time, first come first served. */
export function createStartGate(places: number): StartGate {
  let free = places;
  /** The waiting starts, in order of arrival. */
  const queue = new Set<() => void>();
  const leave = () => {
    const [next] = queue;
    if (next) next();
    else free += 1;
  };
  return {
    enter: async (signal) => {
      signal.throwIfAborted();
      if (free > 0) free -= 1;
      else await turn(queue, signal);
      return once(leave);
    },
  };
}

function turn(queue: Set<() => void>, signal: AbortSignal): Promise<void> {
  return waiting<void>({ signal }, ({ resolve }) => {
    const enter = () => resolve();
    queue.add(enter);
    return () => queue.delete(enter);
  });
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
