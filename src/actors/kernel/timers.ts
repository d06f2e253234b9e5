import type { TimerOptions, Timers } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { enqueue } from "./delivery.ts";
import { type OwnTimer, TimerMessage } from "./mailbox.ts";

/** The timers of one actor, by key. */
export class CellTimers implements Timers<unknown> {
  readonly #cell: Cell;
  readonly #check: (effect: string) => void;

  /** `check` throws when the incarnation has ended. */
  constructor(cell: Cell, check: (effect: string) => void) {
    this.#cell = cell;
    this.#check = check;
  }

  after(key: string, delayMs: number, message: unknown, options?: TimerOptions): void {
    const own = this.#replace(key, options?.until);
    own.timer = this.#cell.kernel.clock.setTimer(delayMs, () => {
      own.timer = undefined;
      this.#fire(own, message);
    });
  }

  every(key: string, periodMs: number, message: unknown): void {
    const own = this.#replace(key, undefined);
    const period = Math.max(1, periodMs);
    const again = () => {
      own.timer = this.#cell.kernel.clock.setTimer(period, () => {
        again();
        this.#fire(own, message);
      });
    };
    again();
  }

  cancel(key: string): void {
    this.#check("timers.cancel");
    const own = this.#cell.timers?.get(key);
    if (own !== undefined) cancel(this.#cell.timers, own);
  }

  #replace(key: string, until: OwnTimer["until"]): OwnTimer {
    this.#check("timers");
    this.#cell.timers ??= new Map();
    const old = this.#cell.timers.get(key);
    if (old !== undefined) cancel(this.#cell.timers, old);
    const own: OwnTimer = { key, timer: undefined, cancelled: false, until };
    this.#cell.timers.set(key, own);
    return own;
  }

  #fire(own: OwnTimer, message: unknown): void {
    if (own.cancelled || this.#cell.status === "stopping" || this.#cell.living === undefined)
      return;
    enqueue(this.#cell, new TimerMessage(own, message));
  }
}

/** Cancel the timers that end at any other message. */
export function messageCancelsTimers(timers: Map<string, OwnTimer>): void {
  for (const own of timers.values()) if (own.until === "message") cancel(timers, own);
}

/** Cancel the timers that end at a change of state. */
export function stateChanged(timers: Map<string, OwnTimer>): void {
  for (const own of timers.values()) if (own.until === "state-change") cancel(timers, own);
}

function cancel(timers: Map<string, OwnTimer> | undefined, own: OwnTimer): void {
  own.cancelled = true;
  own.timer?.cancel();
  if (timers?.get(own.key) === own) timers.delete(own.key);
}
