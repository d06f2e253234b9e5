import { Ring } from "../ring.ts";
import type { ArchiveReader, LogArchive } from "./log-archive.ts";

type CursorStep<Event> = IteratorResult<Event, undefined>;

export interface CursorParts<Event extends { readonly data: unknown }> {
  readonly store: LogStore<Event>;
  /** Holds the events that are no longer in memory; undefined when nothing stores them. */
  readonly archive: LogArchive<Event> | undefined;
  /** Makes the event that stands in for events that are lost. */
  readonly gap: (from: number, to: number) => Event;
}

/** One reader of a log. It is written by hand: an async generator costs ten times as much per event. */
export class LogCursor<Event extends { readonly seq: number; readonly data: unknown }>
  implements AsyncIterator<Event, undefined>
{
  readonly #parts: CursorParts<Event>;
  readonly #store: LogStore<Event>;
  readonly #woken = () => this.#answer();
  #next: number;
  #detached = false;
  #pending: ((step: CursorStep<Event>) => void)[] = [];
  #reader: ArchiveReader<Event> | undefined;
  /** The page that was read last from the archive. An empty one means that the archive has no more. */
  #page: readonly Event[] | undefined;
  /** The number of events of the page that the reader has had. */
  #given = 0;

  constructor(parts: CursorParts<Event>, seq: number) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#next = Math.max(1, seq);
  }

  next(): Promise<CursorStep<Event>> {
    const step = this.#pending.length === 0 ? this.#step() : undefined;
    if (step !== undefined) return Promise.resolve(step);
    return new Promise((resolve) => {
      this.#pending.push(resolve);
      if (this.#pending.length === 1) this.#wait();
    });
  }

  return(): Promise<CursorStep<Event>> {
    this.#detached = true;
    this.#store.forget(this.#woken);
    this.#answer();
    return Promise.resolve({ done: true, value: undefined });
  }

  #step(): CursorStep<Event> | undefined {
    if (this.#detached) return { done: true, value: undefined };
    if (this.#store.endedAt === this.#next - 1) return { done: true, value: undefined };
    if (this.#next < this.#store.first) return this.#behind();
    this.#forget();
    const event = this.#store.at(this.#next);
    if (event !== undefined) return this.#give(event);
    // An ended log has no more events; in a living one the event is still to come.
    return this.#store.endedAt === undefined ? undefined : { done: true, value: undefined };
  }

  /** The next step of a reader whose event has left memory; undefined when the archive must be read first. */
  #behind(): CursorStep<Event> | undefined {
    const { first } = this.#store;
    if (this.#parts.archive === undefined) return this.#skip(first);
    if (this.#page === undefined) return undefined;
    const event = this.#page[this.#given];
    if (event !== undefined && event.seq === this.#next) {
      this.#given += 1;
      return this.#give(event);
    }
    if (event !== undefined && event.seq < first) return this.#skip(event.seq);
    if (event === undefined && this.#page.length > 0) return undefined;
    this.#forget();
    return this.#skip(first);
  }

  #forget(): void {
    this.#page = undefined;
    this.#reader = undefined;
  }

  #give(event: Event): CursorStep<Event> {
    this.#next += 1;
    return { done: false, value: event };
  }

  #skip(to: number): CursorStep<Event> {
    const from = this.#next;
    this.#next = to;
    return { done: false, value: this.#parts.gap(from, to - 1) };
  }

  #wait(): void {
    const { archive } = this.#parts;
    if (archive === undefined || this.#next >= this.#store.first) this.#store.whenMore(this.#woken);
    else this.#readBack(archive);
  }

  #readBack(archive: LogArchive<Event>): void {
    this.#reader ??= archive.open(this.#next);
    void this.#reader.next().then((page) => {
      this.#page = page;
      this.#given = 0;
      this.#answer();
    });
  }

  #answer(): void {
    while (this.#pending.length > 0) {
      const step = this.#step();
      if (step === undefined) {
        this.#wait();
        return;
      }
      this.#pending.splice(0, 1)[0]?.(step);
    }
  }
}

/** The memory of a log: its newest `max` events, and the readers that wait for the next one. */
export class LogStore<Event extends { readonly data: unknown }> {
  /** The `seq` of the last event of an ended log; undefined while the log is open. */
  endedAt: number | undefined;
  #last = 0;
  readonly #max: number;
  readonly #maxBytes: number | undefined;
  #bytes = 0;
  readonly #events = new Ring<Event>();
  #waiting: (() => void)[] = [];

  constructor(max: number, maxBytes?: number) {
    this.#max = Math.max(1, max);
    this.#maxBytes = maxBytes;
  }

  /** The `seq` of the oldest event in memory; one past the last when there is none. */
  get first(): number {
    return this.#last - this.#events.length + 1;
  }

  get last(): number {
    return this.#last;
  }

  push(event: Event, terminal: boolean): void {
    this.#last += 1;
    this.#events.push(event);
    if (this.#events.length > this.#max) this.#drop();
    if (this.#maxBytes !== undefined) this.#weigh(event, this.#maxBytes);
    if (terminal) this.endedAt = this.#last;
  }

  #weigh(event: Event, maxBytes: number): void {
    this.#bytes += sizeOf(event.data);
    while (this.#bytes > maxBytes && this.#events.length > 1) this.#drop();
  }

  #drop(): void {
    const dropped = this.#events.shift();
    if (dropped !== undefined && this.#maxBytes !== undefined) this.#bytes -= sizeOf(dropped.data);
  }

  at(seq: number): Event | undefined {
    return this.#events.at(seq - this.first);
  }

  recent(limit: number): Event[] {
    const events: Event[] = [];
    for (let seq = Math.max(this.first, this.#last - limit + 1); seq <= this.#last; seq += 1) {
      const event = this.at(seq);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /** Call back once, at the next event or at the end. */
  whenMore(callback: () => void): void {
    this.#waiting.push(callback);
  }

  forget(callback: () => void): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting !== callback);
  }

  wake(): void {
    if (this.#waiting.length === 0) return;
    const woken = this.#waiting;
    this.#waiting = [];
    for (const callback of woken) callback();
  }
}

/** The memory that data takes, about; data that was copied has no circles. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let size = 16;
  for (const item of Object.values(value)) size += 8 + sizeOf(item);
  return size;
}
