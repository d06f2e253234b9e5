import { Ring } from "../ring.ts";

/** Where the events of a log lie: the newest `max` of them, and who waits for the next one. */
export class LogStore<Event> {
  /** The `seq` after which nothing comes any more. */
  endedAt: number | undefined;
  #last = 0;
  readonly #max: number;
  readonly #events = new Ring<Event>();
  #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = Math.max(1, max);
  }

  /** The `seq` of the oldest event kept; one past the last when there is none. */
  get first(): number {
    return this.#last - this.#events.length + 1;
  }

  get last(): number {
    return this.#last;
  }

  push(event: Event, terminal: boolean): void {
    this.#last += 1;
    this.#events.push(event);
    if (this.#events.length > this.#max) this.#events.shift();
    if (terminal) this.endedAt = this.#last;
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

  /** Call back once, after the next event or the end. */
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
