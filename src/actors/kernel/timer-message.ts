import type { OwnTimer } from "./cell.ts";

/** What a timer puts into the mailbox: dropped when the timer was cancelled by its turn. */
export class TimerMessage {
  readonly timer: OwnTimer;
  readonly message: unknown;

  constructor(timer: OwnTimer, message: unknown) {
    this.timer = timer;
    this.message = message;
  }
}
