import { Ring } from "../ring.ts";
import type { Cell } from "./cell.ts";
import { DownError, OverflowError } from "./errors.ts";
import { errorExit } from "./exit-reason.ts";
import { type SystemMessage, TimerMessage } from "./mailbox.ts";
import { CallMessage } from "./pending-call.ts";
import { countFenced, endedCaller } from "./scope.ts";
import { requestStop } from "./stop-request.ts";

/** Put a message into the user lane. Returns false and makes a dead letter when no actor will handle it. */
export function deliver(cell: Cell, message: unknown): boolean {
  const fenced = endedCaller();
  if (fenced !== undefined) {
    countFenced(fenced, "send");
    cell.kernel.deadLetters.add(cell, "fenced", message);
    return false;
  }
  if (cell.status === "stopping" || cell.status === "ended") {
    bury(cell, message);
    return false;
  }
  if (cell.max !== undefined && cell.mailbox.length >= cell.max && !makeRoom(cell, message)) {
    return false;
  }
  enqueue(cell, message);
  return true;
}

/** Put a message of the kernel into the user lane, even if that is full. */
export function enqueue(cell: Cell, message: unknown): void {
  cell.mailbox.push(message);
  if (!cell.busy) cell.kernel.scheduler.ready(cell);
}

/** Put a message into the system lane: it is handled ahead of the user lane. */
export function deliverSystem(cell: Cell, message: SystemMessage): void {
  if (cell.winding || cell.status === "ended") return;
  cell.system ??= new Ring();
  cell.system.push(message);
  if (!cell.busy) cell.kernel.scheduler.ready(cell);
}

/** Make a dead letter of the message. A caller that waits for its answer is told. */
export function bury(cell: Cell, message: unknown): void {
  if (message instanceof TimerMessage) return;
  const ended = cell.status === "ended";
  const plain = message instanceof CallMessage ? message.message : message;
  cell.kernel.deadLetters.add(cell, ended ? "noproc" : "stopped", plain);
  if (message instanceof CallMessage) {
    message.call.giveUp(new DownError(cell.path, cell.reason ?? { type: "noproc" }));
  }
}

/** Apply the overflow rule to a full mailbox. Returns true when the message may be queued. */
function makeRoom(cell: Cell, message: unknown): boolean {
  const max = cell.max ?? 0;
  const { overflow } = cell;
  switch (overflow) {
    case "drop-old":
      overflowed(cell, cell.mailbox.shift(), max);
      return true;
    case "reject":
    case "drop-new":
      overflowed(cell, message, max);
      return false;
    case "crash":
      overflowed(cell, message, max);
      requestStop(cell, errorExit(new OverflowError(cell.path, "mailbox", max), "overflow"));
      return false;
    default:
      return overflow satisfies never;
  }
}

function overflowed(cell: Cell, message: unknown, max: number): void {
  if (message instanceof TimerMessage) return;
  const plain = message instanceof CallMessage ? message.message : message;
  cell.kernel.deadLetters.add(cell, "overflow", plain);
  if (message instanceof CallMessage) {
    message.call.giveUp(new OverflowError(cell.path, "mailbox", max));
  }
}
