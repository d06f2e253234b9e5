import type { Clock, ClockTimer } from "../clock.ts";

/** An entry with a deadline. Its lane links it to the entries before and after it. */
export interface Expiring {
  dueAt: number;
  previous: Expiring | undefined;
  next: Expiring | undefined;
  lane: Lane | undefined;
  expire(): void;
}

/** Entries with the same delay. The first one is always due first, so one timer serves all of them. */
interface Lane {
  readonly delayMs: number;
  first: Expiring | undefined;
  last: Expiring | undefined;
  timer: ClockTimer | undefined;
}

export interface DeadlinesOptions {
  /** Keep the timer of an empty lane until the end of the turn, for entries that come and go. Default: false. */
  readonly lingering?: boolean | undefined;
}

/** The deadlines of calls, or of stops. Most of them share a few delays and are over long before the deadline. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lingering: boolean;
  readonly #lanes = new Map<number, Lane>();
  readonly #idle = new Set<Lane>();

  constructor(clock: Clock, { lingering = false }: DeadlinesOptions = {}) {
    this.#clock = clock;
    this.#lingering = lingering;
  }

  add(entry: Expiring, delayMs: number): void {
    const lane = this.#lane(delayMs);
    entry.dueAt = this.#clock.now() + delayMs;
    entry.lane = lane;
    entry.previous = lane.last;
    if (lane.last === undefined) lane.first = entry;
    else lane.last.next = entry;
    lane.last = entry;
    if (lane.timer === undefined) this.#arm(lane, delayMs);
  }

  remove(entry: Expiring): void {
    const lane = entry.lane;
    if (lane === undefined) return;
    if (entry.previous === undefined) lane.first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) lane.last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.lane = undefined;
    entry.previous = undefined;
    entry.next = undefined;
    if (lane.first !== undefined) return;
    if (this.#lingering) this.#disarmSoon(lane);
    else this.#disarm(lane);
  }

  #lane(delayMs: number): Lane {
    const known = this.#lanes.get(delayMs);
    if (known !== undefined) return known;
    const lane: Lane = { delayMs, first: undefined, last: undefined, timer: undefined };
    this.#lanes.set(delayMs, lane);
    return lane;
  }

  #arm(lane: Lane, delayMs: number): void {
    lane.timer = this.#clock.setTimer(delayMs, () => {
      lane.timer = undefined;
      const now = this.#clock.now();
      while (lane.first !== undefined && lane.first.dueAt <= now) {
        const entry = lane.first;
        this.remove(entry);
        entry.expire();
      }
      if (lane.first !== undefined && lane.timer === undefined) {
        this.#arm(lane, Math.max(1, lane.first.dueAt - now));
      }
    });
  }

  /** Cancel the timer of an empty lane at the end of this turn. Otherwise each of many calls in a row would set and cancel one. */
  #disarmSoon(lane: Lane): void {
    this.#idle.add(lane);
    if (this.#idle.size === 1) setImmediate(() => this.#disarmIdle());
  }

  #disarmIdle(): void {
    for (const lane of this.#idle) {
      if (lane.first === undefined) this.#disarm(lane);
    }
    this.#idle.clear();
  }

  #disarm(lane: Lane): void {
    lane.timer?.cancel();
    lane.timer = undefined;
    this.#lanes.delete(lane.delayMs);
  }
}
