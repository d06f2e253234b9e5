import type { EventLog as KernelLog, LogEvent } from "../../actors/event-log.ts";
import { StoppedError } from "../../errors.ts";
import type { ContractShape, OpenShape } from "./contract.ts";
import type { EventLog } from "./event-log.ts";
import { orStopped } from "./or-stopped.ts";

/** Give a log to those who read it from a process's code. Its contract was checked when the events were emitted. */
export function eventsOf<Shape extends ContractShape = OpenShape>(log: KernelLog): EventLog<Shape> {
  const open: EventLog = {
    [Symbol.asyncIterator]: () => reader(log[Symbol.asyncIterator]()),
    from: (seq) => ({
      [Symbol.asyncIterator]: () => reader(log.from(seq)[Symbol.asyncIterator]()),
    }),
    waitFor: (type, options) => orStopped(log.waitFor(type, options)),
  };
  return open as unknown as EventLog<Shape>;
}

function reader(cursor: AsyncIterator<LogEvent>): AsyncIterator<LogEvent> {
  return {
    next: async () => {
      try {
        return await orStopped(cursor.next());
      } catch (error) {
        if (error instanceof StoppedError) return { done: true, value: undefined };
        throw error;
      }
    },
    return: async () => (await cursor.return?.()) ?? { done: true, value: undefined },
  };
}
