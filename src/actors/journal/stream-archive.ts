import { type ArchiveReader, isTerminal, type LogArchive, type LogEvent } from "../events/index.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { Bookmark } from "./reader.ts";

/** The most events of one page. */
const pageEvents = 512;
/** The number of events between two of which the place in the journal is remembered. */
const apart = 256;

/** Keeps the events of one stream in the run's journal, and reads them back from there. */
export class StreamArchive implements LogArchive<LogEvent> {
  readonly #journal: Journal;
  readonly #path: string;
  /** The journal's `seq` at the events 1, 257, 513, …, or before it. */
  readonly #places: number[] = [];

  constructor(journal: Journal, path: string) {
    this.#journal = journal;
    this.#path = path;
  }

  add(event: LogEvent): void {
    const { seq, type, path, epoch, source, at, data } = event;
    const promised = isTerminal(event) || type === "tool-returned";
    this.#journal.append({ type, path, epoch, source, nth: seq, at, data }, { promised });
    if (seq % apart === 1) this.#places.push(this.#journal.lastSeq);
  }

  open(seq: number): ArchiveReader<LogEvent> {
    const place = this.#places[Math.floor((seq - 1) / apart)] ?? this.#journal.lastSeq;
    return new StreamReader(this.#journal, this.#path, { nth: seq, place });
  }
}

/** The number of the next event, and the place in the journal to look for it. */
interface Position {
  nth: number;
  place: number;
}

class StreamReader implements ArchiveReader<LogEvent> {
  readonly #journal: Journal;
  readonly #path: string;
  readonly #position: Position;
  readonly #bookmark: Bookmark = { at: undefined };
  #last = 0;
  #isOver = false;

  constructor(journal: Journal, path: string, position: Position) {
    this.#journal = journal;
    this.#path = path;
    this.#position = position;
  }

  /** Read the next page. A journal that is damaged or gone has nothing more, and its reader gets a `gap` event. */
  async next(): Promise<readonly LogEvent[]> {
    const page: LogEvent[] = [];
    if (this.#isOver) return page;
    try {
      await this.#fill(page);
    } catch {
      this.#isOver = true;
    }
    return page;
  }

  async #fill(page: LogEvent[]): Promise<void> {
    const position = this.#position;
    const options = { from: position.place, path: this.#path, bookmark: this.#bookmark };
    for await (const entry of this.#journal.read(options)) {
      const { nth = 0 } = entry;
      // A later stream of the same path begins with 1 again.
      if (nth > 0 && nth <= this.#last) break;
      position.place = entry.seq + 1;
      this.#last = Math.max(this.#last, nth);
      if (nth < position.nth) continue;
      page.push(eventOf(entry, nth));
      position.nth = nth + 1;
      if (page.length === pageEvents) return;
    }
    this.#isOver = page.length === 0;
  }
}

function eventOf({ at, type, data, path, epoch = 1, source }: JournalEntry, nth: number): LogEvent {
  const event = { seq: nth, at, type, data, path, epoch };
  return Object.freeze(source === undefined ? event : { ...event, source });
}
