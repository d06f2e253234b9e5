import type { Cell } from "./cell.ts";
import { bury, deliverSystem } from "./delivery.ts";
import { DownError, StoppedError } from "./errors.ts";
import { type Exit, errorExit, isClean } from "./exit-reason.ts";
import { TimerMessage } from "./mailbox.ts";
import { CallMessage } from "./pending-call.ts";
import { requestStop } from "./stop-request.ts";

/** Close the incarnation in one step, after its resources were released: free its names, then tell every watcher. */
export function close(cell: Cell): void {
  if (cell.status === "ended") return;
  const { kernel } = cell;
  cell.status = "ended";
  cell.abort();
  cell.watchdog?.cancel();
  cancelTimers(cell);
  kernel.names.releaseAll(cell);
  kernel.groups.leaveAll(cell);
  if (cell.watching !== undefined) for (const monitor of cell.watching) monitor.cancel();
  for (let stop = cell.stopDeadline; stop !== undefined; stop = stop.before) {
    kernel.stopDeadlines.remove(stop);
  }
  const exit = cell.exit();
  kernel.logs.end(cell.path, cell.epoch, exit.reason);
  if (cell.children !== undefined) for (const child of cell.children.values()) child.orphaned();
  emptyMailbox(cell);
  endCalls(cell);
  leaveParent(cell, exit);
  endStart(cell);
  tellAll(cell, exit);
  cell.state = undefined;
}

function cancelTimers(cell: Cell): void {
  if (cell.timers === undefined) return;
  for (const timer of cell.timers.values()) {
    timer.cancelled = true;
    timer.timer?.cancel();
  }
  cell.timers.clear();
}

/** Bury the queued messages. A slot that keeps its mailbox takes them over, except calls and timers. */
function emptyMailbox(cell: Cell): void {
  const waiting = [...(cell.stash?.takeAll() ?? []), ...cell.mailbox.takeAll()];
  if (waiting.length === 0) return;
  if (cell.home?.keepsMailbox !== true) {
    for (const message of waiting) buryAtEnd(cell, message);
    return;
  }
  const carried = waiting.filter(isPlain);
  for (const message of waiting) if (message instanceof CallMessage) bury(cell, message);
  cell.home.carry(carried);
}

function isPlain(message: unknown): boolean {
  return !(message instanceof CallMessage) && !(message instanceof TimerMessage);
}

function buryAtEnd(cell: Cell, message: unknown): void {
  if (message instanceof CallMessage) bury(cell, message);
  else if (!(message instanceof TimerMessage)) {
    const restarts = cell.home !== undefined && !isClean(cell.exit().reason);
    cell.kernel.deadLetters.add(cell, restarts ? "restart" : "stopped", message);
  }
}

function endCalls(cell: Cell): void {
  const unanswered = cell.takeUnanswered();
  if (unanswered.length > 0) {
    const down = new DownError(cell.path, cell.exit().reason);
    for (const call of unanswered) call.giveUp(down);
  }
  const asked = cell.takeAsked();
  if (asked.length === 0) return;
  const stopped = new StoppedError(cell.path);
  for (const call of asked) {
    if (cell.orphan === undefined) call.abandon(stopped);
    else call.giveUp(stopped);
  }
}

function leaveParent(cell: Cell, exit: Exit): void {
  if (cell.home !== undefined) cell.home.vacate(exit, cell.afterlife);
  else cell.parent?.children?.delete(cell.name);
}

function endStart(cell: Cell): void {
  if (cell.starting === undefined || cell.hasState) return;
  if (cell.unstarted === "ignored") cell.starting.resolve(false);
  else cell.starting.reject(cell.startError ?? new StoppedError(cell.path));
}

/** Tell monitors and links first, the parent last. */
function tellAll(cell: Cell, exit: Exit): void {
  cell.tellExited?.(exit.reason);
  const { watchers, links, parent } = cell;
  cell.watchers = undefined;
  cell.links = undefined;
  if (watchers !== undefined) for (const watcher of watchers) watcher.ended(exit);
  if (links !== undefined) {
    for (const other of links) {
      other.links?.delete(cell);
      signalLink(other, exit);
    }
  }
  const onExit = cell.options.onExit;
  if (onExit !== undefined && parent !== undefined && parent.status !== "stopping") {
    deliverSystem(parent, { make: onExit, exit, cancelled: false });
  }
}

/** Tell `cell` of the end of a linked actor: a message if it traps exits; otherwise a failure ends it too. */
export function signalLink(cell: Cell, exit: Exit): void {
  if (cell.trap !== undefined) deliverSystem(cell, { make: cell.trap, exit, cancelled: false });
  else if (!isClean(exit.reason)) {
    const message = `${exit.path}, which it was linked to, has failed`;
    requestStop(cell, errorExit({ message }, "linked"));
  }
}
