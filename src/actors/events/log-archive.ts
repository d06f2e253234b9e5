/** Keeps the events of one log beyond memory, so that who comes late reads them all. */
export interface LogArchive<Event> {
  /** Keep an event, or try to; called once for each, in order. Must not throw. */
  add(event: Event): void;
  /** Begin to read at this `seq`. */
  open(seq: number): ArchiveReader<Event>;
}

/** Reads an archive page by page, and holds nothing open between two pages. */
export interface ArchiveReader<Event> {
  /** The next events that are kept, oldest first; none when there is nothing more. Must not reject. */
  next(): Promise<readonly Event[]>;
}
