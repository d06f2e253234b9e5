import type { Clock } from "../clock.ts";
import { isolated } from "../data/index.ts";
import { waiting } from "../wait.ts";
import { LogEndedError, WaitTimeoutError } from "./errors.ts";
import type { LogArchive } from "./log-archive.ts";
import { LogCursor, LogStore } from "./log-cursor.ts";

/** One event of one log. */
export interface LogEvent {
  /** The number of the event in its own log: from 1, without gaps. */
  readonly seq: number;
  /** The time of the event, in ms since 1970. */
  readonly at: number;
  readonly type: string;
  readonly data: unknown;
  /** The path of the actor that owns the log. */
  readonly path: string;
  readonly epoch: number;
  /** The actor that emitted the event, as seen from `path`. Absent for the owner's own events. */
  readonly source?: string | undefined;
}

export interface AppendOptions {
  /** The actor that emitted the event. Default: the owner of the log. */
  readonly source?: string | undefined;
  /** Default: the log's current epoch. */
  readonly epoch?: number | undefined;
  /** Default: now. */
  readonly at?: number | undefined;
  /** The data is a copy already, such as that of another event. Default: false. */
  readonly isolated?: boolean | undefined;
}

export interface WaitOptions<Event> {
  /** Accepts or skips an event. Default: every event is accepted. */
  readonly where?: ((event: Event) => boolean) | undefined;
  /** The longest wait, in ms; 0 or Infinity means no limit. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EventLogOptions<Event extends LogEvent = LogEvent> {
  readonly clock: Clock;
  readonly path: string;
  /** Default: 1. */
  readonly epoch?: number | undefined;
  /** The number of events in memory. A reader that is further behind reads the archive. Default: all. */
  readonly max?: number | undefined;
  /** The bytes that the data of the events in memory may take, about; the newest event stays, however large. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** Stores every event. For events that it has lost, or without an archive, a reader reads one `gap` event. Default: none. */
  readonly archive?: LogArchive<Event> | undefined;
}

/** An append-only event log. A late reader still starts at the first event. */
export interface EventLog<Event extends LogEvent = LogEvent> extends AsyncIterable<Event> {
  readonly path: string;
  readonly epoch: number;
  /** The `seq` of the oldest event in memory; one past the last when there is none. */
  readonly first: number;
  /** The `seq` of the last event; 0 before the first. */
  readonly last: number;
  /** True after the log's own terminal event, or after `end`, until `reopen`. */
  readonly ended: boolean;
  /** Add an event. An ended log adds nothing and returns undefined. */
  append(type: string, data?: unknown, options?: AppendOptions): Event | undefined;
  /** Follow the events from `seq` on. A loop ends after a terminal event without a source, unless the log was reopened by then. */
  from(seq: number): AsyncIterable<Event>;
  /** Resolve with the first event of the type, past events included. Rejects on timeout, abort, or the log's end. */
  waitFor(type: string | readonly string[], options?: WaitOptions<Event>): Promise<Event>;
  /** Call `listener` inside `append` for each event, from now on or from the first in memory. Returns a function that stops this. */
  subscribe(
    listener: (event: Event) => void,
    options?: { readonly replay?: boolean | undefined },
  ): () => void;
  /** Read the events in memory, oldest first; at most the last `limit`. */
  recent(limit?: number): readonly Event[];
  /** End the log without a terminal event. A reader that has read all events ends. */
  end(): void;
  /** Open the log again after its end, in the next epoch or in `epoch`. */
  reopen(epoch?: number): void;
}

/**
 * Tell whether an event is the last one of its own stream: `done`, `failed` or `cancelled`, without a source.
 *
 * @example
 * ```ts
 * import { createEventLog, isTerminal, systemClock } from "ramure/actors";
 *
 * const log = createEventLog({ clock: systemClock, path: "/build" });
 * log.append("done", { result: "shipped" });
 * console.log(log.recent().map(isTerminal)); // [true]
 * ```
 */
export function isTerminal(event: LogEvent): boolean {
  return event.source === undefined && terminalTypes.has(event.type);
}

const terminalTypes: ReadonlySet<string> = new Set(["done", "failed", "cancelled"]);

/**
 * Make an empty log.
 *
 * @example
 * ```ts
 * import { createEventLog, systemClock } from "ramure/actors";
 *
 * const log = createEventLog({ clock: systemClock, path: "/build" });
 * log.append("step", { part: "plan" });
 * log.append("done", { result: "shipped" });
 * for await (const event of log) console.log(event.seq, event.type, event.data);
 * console.log((await log.waitFor("step")).data); // { part: "plan" }
 * ```
 */
export function createEventLog<Event extends LogEvent = LogEvent>(
  options: EventLogOptions<Event>,
): EventLog<Event> {
  return new KeptLog<Event>(options);
}

interface Subscriber<Event> {
  readonly listener: (event: Event) => void;
  next: number;
}

class KeptLog<Event extends LogEvent> implements EventLog<Event> {
  readonly path: string;
  readonly #clock: Clock;
  readonly #store: LogStore<Event>;
  readonly #archive: LogArchive<Event> | undefined;
  readonly #subscribers = new Set<Subscriber<Event>>();
  #epoch: number;
  #notifying = false;

  constructor(options: EventLogOptions<Event>) {
    const { clock, path, epoch = 1, max = Number.POSITIVE_INFINITY, archive } = options;
    this.path = path;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#archive = archive;
    this.#store = new LogStore(max, options.maxBytes);
  }

  get epoch(): number {
    return this.#epoch;
  }

  get first(): number {
    return this.#store.first;
  }

  get last(): number {
    return this.#store.last;
  }

  get ended(): boolean {
    return this.#store.endedAt !== undefined;
  }

  append(type: string, data?: unknown, options: AppendOptions = {}): Event | undefined {
    if (this.ended) return undefined;
    const event = this.#event(type, data, options);
    this.#store.push(event, isTerminal(event));
    this.#archive?.add(event);
    this.#notify();
    this.#store.wake();
    return event;
  }

  from(seq: number): AsyncIterable<Event> {
    return { [Symbol.asyncIterator]: () => this.#cursor(seq) };
  }

  [Symbol.asyncIterator](): AsyncIterator<Event> {
    return this.#cursor(1);
  }

  waitFor(type: string | readonly string[], options: WaitOptions<Event> = {}): Promise<Event> {
    const types = typeof type === "string" ? [type] : type;
    const fits = (event: Event) =>
      types.includes(event.type) && (options.where === undefined || options.where(event));
    return waitOn(this, this.#clock, { ...options, what: types.join(" or "), fits });
  }

  subscribe(
    listener: (event: Event) => void,
    options?: { readonly replay?: boolean | undefined },
  ): () => void {
    const next = options?.replay === true ? this.#store.first : this.#store.last + 1;
    const subscriber = { listener, next };
    this.#subscribers.add(subscriber);
    this.#notify();
    return () => this.#subscribers.delete(subscriber);
  }

  recent(limit = Number.POSITIVE_INFINITY): readonly Event[] {
    return this.#store.recent(limit);
  }

  end(): void {
    this.#store.endedAt ??= this.#store.last;
    this.#store.wake();
  }

  reopen(epoch?: number): void {
    this.#epoch = epoch ?? this.#epoch + 1;
    this.#store.endedAt = undefined;
  }

  #cursor(seq: number): AsyncIterator<Event> {
    const gap = (from: number, to: number) => this.#gap(from, to);
    return new LogCursor({ store: this.#store, archive: this.#archive, gap }, seq);
  }

  #event(type: string, data: unknown, options: AppendOptions): Event {
    const event: LogEvent = {
      seq: this.#store.last + 1,
      at: options.at ?? this.#clock.wallNow(),
      type,
      data: options.isolated === true ? data : isolated(data),
      path: this.path,
      epoch: options.epoch ?? this.#epoch,
      ...(options.source === undefined ? undefined : { source: options.source }),
    };
    // Safe cast: `Event` only narrows types and data, and the caller of `append` has checked those.
    return Object.freeze(event) as Event;
  }

  #gap(from: number, to: number): Event {
    const data = Object.freeze({ from, to });
    const facts = { seq: to, at: this.#clock.wallNow(), type: "gap", data, path: this.path };
    const event: LogEvent = { ...facts, epoch: this.#epoch };
    return Object.freeze(event) as Event;
  }

  /** Call each subscriber once for each event, in order, also when a listener appends. */
  #notify(): void {
    if (this.#notifying || this.#subscribers.size === 0) return;
    this.#notifying = true;
    try {
      while (this.#notifyOnce());
    } finally {
      this.#notifying = false;
    }
  }

  #notifyOnce(): boolean {
    let notified = false;
    for (const subscriber of this.#subscribers) {
      const event = this.#store.at(Math.max(subscriber.next, this.#store.first));
      if (event === undefined) continue;
      subscriber.next = event.seq + 1;
      notified = true;
      this.#tell(subscriber, event);
    }
    return notified;
  }

  /** Call one listener. One that throws is removed: the actor that emits must not suffer from it. */
  #tell(subscriber: Subscriber<Event>, event: Event): void {
    try {
      subscriber.listener(event);
    } catch (error) {
      this.#subscribers.delete(subscriber);
      if (!this.ended) this.append("subscriber-failed", { event: event.seq, error: String(error) });
    }
  }
}

interface Wait<Event> extends WaitOptions<Event> {
  readonly what: string;
  readonly fits: (event: Event) => boolean;
}

function waitOn<Event extends LogEvent>(
  log: EventLog<Event>,
  clock: Clock,
  { what, fits, timeoutMs, signal }: Wait<Event>,
): Promise<Event> {
  const expired = (ms: number) => new WaitTimeoutError(log.path, what, ms);
  return waiting({ signal, clock, timeoutMs, expired }, ({ resolve, reject }) => {
    const cursor = log[Symbol.asyncIterator]();
    const found = (event: Event | undefined) =>
      event === undefined ? reject(new LogEndedError(log.path, what)) : resolve(event);
    search(cursor, fits).then(found, reject);
    return () => void cursor.return?.();
  });
}

async function search<Event>(
  cursor: AsyncIterator<Event>,
  fits: (event: Event) => boolean,
): Promise<Event | undefined> {
  for (;;) {
    const step = await cursor.next();
    if (step.done === true) return undefined;
    if (fits(step.value)) return step.value;
  }
}
