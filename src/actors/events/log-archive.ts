/** A store for the events of one log that no longer fit into memory. A late reader reads them from it. */
export interface LogArchive<Event> {
  /** Store an event, or try to. Called once for each event, in order. Must not throw. */
  add(event: Event): void;
  /** Start reading at the event with this `seq`. */
  open(seq: number): ArchiveReader<Event>;
}

/** A reader of an archive, page by page. It holds no file open between two pages. */
export interface ArchiveReader<Event> {
  /** Read the next stored events, oldest first; none when there are no more. Must not reject. */
  next(): Promise<readonly Event[]>;
}
