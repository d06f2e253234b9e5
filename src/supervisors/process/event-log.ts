import type { WaitOptions } from "../../actors/events/index.ts";
import type { ContractShape, Event, OpenShape } from "../endpoints/index.ts";

/**
 * The events of a process or an agent: a log to follow, not a moment to miss.
 *
 * Each loop starts at the first event, and ends after the terminal event unless the process was
 * restarted by then. It ends, too, when the process that reads is to stop; `waitFor` then rejects
 * with StoppedError. The newest events stay in memory (10,000 of a process, 256 of an agent); a loop
 * that is further behind reads from the run's journal, where secrets are redacted. Events that the
 * journal does not have (its oldest file was removed, the disk was full) are one `gap` event, whose
 * data says `from` which `seq` on and up `to` which they are missing.
 */
export interface EventLog<Shape extends ContractShape = OpenShape>
  extends AsyncIterable<Event<Shape>> {
  /** Follow from this sequence number on. */
  from(seq: number): AsyncIterable<Event<Shape>>;
  /** Resolve with the first event of the type that fits, past ones included. Rejects on timeout, abort, or the log's end. */
  waitFor(type: string, options?: WaitOptions<Event<Shape>>): Promise<Event<Shape>>;
}
