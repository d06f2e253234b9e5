import type { ClockTimer } from "../clock.ts";
import { Ring } from "../ring.ts";
import type { Exit } from "./exit-reason.ts";

/** The user lane of an actor. The first message lies inline; a second one makes a ring. */
export class Mailbox<Item> {
  #first: Item | undefined;
  #hasFirst = false;
  #rest: Ring<Item> | undefined;

  get length(): number {
    return (this.#hasFirst ? 1 : 0) + (this.#rest === undefined ? 0 : this.#rest.length);
  }

  push(item: Item): void {
    if (!this.#hasFirst && (this.#rest === undefined || this.#rest.length === 0)) {
      this.#first = item;
      this.#hasFirst = true;
      return;
    }
    this.#rest ??= new Ring();
    this.#rest.push(item);
  }

  /** Add an item at the front. */
  unshift(item: Item): void {
    if (this.#hasFirst) {
      this.#rest ??= new Ring();
      this.#rest.unshift(this.#first as Item);
    }
    this.#first = item;
    this.#hasFirst = true;
  }

  /** Take the oldest item. Check `length` first: undefined may be a message. */
  shift(): Item | undefined {
    if (!this.#hasFirst) return this.#rest?.shift();
    const item = this.#first;
    this.#first = undefined;
    this.#hasFirst = false;
    return item;
  }

  /** Take all items, oldest first. */
  takeAll(): Item[] {
    const items: Item[] = [];
    for (let left = this.length; left > 0; left -= 1) items.push(this.shift() as Item);
    return items;
  }

  /** Read the queued items, oldest first, without taking them. */
  peek(limit: number): Item[] {
    const items: Item[] = this.#hasFirst ? [this.#first as Item] : [];
    const rest = this.#rest?.length ?? 0;
    for (let index = 0; index < rest && items.length < limit; index += 1) {
      items.push(this.#rest?.at(index) as Item);
    }
    return items;
  }
}

/** The message of a timer in the mailbox. It is dropped if the timer was cancelled by its turn. */
export class TimerMessage {
  readonly timer: OwnTimer;
  readonly message: unknown;

  constructor(timer: OwnTimer, message: unknown) {
    this.timer = timer;
    this.message = message;
  }
}

/** A message of the system lane. It is made at its turn, unless it was cancelled by then. */
export interface SystemMessage {
  readonly make: (exit: Exit) => unknown;
  readonly exit: Exit;
  cancelled: boolean;
}

/** A timer of an actor. */
export interface OwnTimer {
  readonly key: string;
  timer: ClockTimer | undefined;
  cancelled: boolean;
  readonly until: "message" | "state-change" | undefined;
}
