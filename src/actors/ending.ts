import { DownError, StoppedError } from "../errors.ts";
import type { Shutdown } from "./behavior.ts";
import type { Cell, Owned, Watcher } from "./cell.ts";
import { nameOf } from "./dead-letters.ts";
import { bury, deliverSystem } from "./delivery.ts";
import { type Exit, type ExitReason, errorExit, isClean, type KilledExit } from "./exit-reason.ts";
import { notice } from "./notices.ts";
import { CallMessage } from "./pending-call.ts";
import { runAs } from "./scope.ts";
import { requestStop } from "./stop-request.ts";
import { TimerMessage } from "./timer-message.ts";

/** Resolves with the reason at the incarnation's end. */
export function exitOf(cell: Cell): Promise<ExitReason> {
  if (cell.exited === undefined) {
    cell.exited = new Promise((resolve) => {
      if (cell.status === "ended") resolve(cell.exit().reason);
      else watch(cell, { ended: (exit) => resolve(exit.reason) });
    });
  }
  return cell.exited;
}

/** Hear of the end. The cell must be alive. */
export function watch(cell: Cell, watcher: Watcher): void {
  cell.watchers ??= new Set();
  cell.watchers.add(watcher);
}

/** Ask for the end and wait for it; kill when the budget is over. Never rejects. */
export function stopWithin(
  cell: Cell,
  reason: ExitReason,
  budget: Shutdown,
  drains = false,
): Promise<ExitReason> {
  const exited = exitOf(cell);
  if (cell.status === "ended") return exited;
  if (budget === "brutal-kill") kill(cell, "brutal");
  else requestStop(cell, reason, drains);
  if (budget === 0) kill(cell, "timeout");
  if (typeof budget !== "number" || budget === 0 || budget === Number.POSITIVE_INFINITY) {
    return exited;
  }
  const timer = cell.kernel.clock.setTimer(budget, () => kill(cell, "timeout"));
  watch(cell, { ended: () => timer.cancel() });
  return exited;
}

/** Go through the end of a cell whose reason is set and whose handler has settled. */
export function wind(cell: Cell): void {
  if (cell.winding || cell.status === "ended") return;
  cell.winding = true;
  cell.watchdog?.cancel();
  if (hasWorkToEnd(cell)) void windInSteps(cell);
  else close(cell);
}

/** Close the incarnation now, everything below it first, whatever its code is doing. */
export function kill(cell: Cell, by: KilledExit["by"]): void {
  closeNow(cell, { type: "killed", by });
}

/** As `kill`, with another reason: a start that took too long, a message that got stuck. */
export function closeNow(cell: Cell, reason: ExitReason): void {
  if (cell.status === "ended") return;
  for (const child of livingChildren(cell)) closeNow(child, killedFrom(reason));
  cell.reason = reason;
  cell.status = "stopping";
  cell.abort();
  if (cell.busy) adoptOrphan(cell);
  disposeNow(cell);
  close(cell);
}

function killedFrom(reason: ExitReason): KilledExit {
  return reason.type === "killed" ? reason : { type: "killed", by: "timeout" };
}

function hasWorkToEnd(cell: Cell): boolean {
  const { stopping, terminate } = cell.behavior;
  const hasHook = cell.hasState && (stopping !== undefined || terminate !== undefined);
  return hasHook || cell.owned !== undefined || (cell.children?.size ?? 0) > 0;
}

async function windInSteps(cell: Cell): Promise<void> {
  await runHook(cell, "stopping");
  if (cell.status !== "ended") await stopChildren(cell);
  if (cell.status !== "ended") await runHook(cell, "terminate");
  if (cell.status !== "ended") await disposeInOrder(cell);
  close(cell);
}

function livingChildren(cell: Cell): readonly Cell[] {
  if (cell.children === undefined) return [];
  const living: Cell[] = [];
  for (const child of cell.children.values()) {
    if (child.living !== undefined) living.push(child.living);
  }
  return living.reverse();
}

async function stopChildren(cell: Cell): Promise<void> {
  const reason: ExitReason = { type: "shutdown", cause: "parent" };
  const children = livingChildren(cell);
  if (cell.options.stopChildren === "together") {
    await Promise.all(children.map((child) => stopWithin(child, reason, child.shutdownMs)));
    return;
  }
  for (const child of children) {
    await stopWithin(child, reason, child.shutdownMs);
    if (cell.status === "ended") return;
  }
}

/** A hook that throws makes its error the reason; the end goes on. */
async function runHook(cell: Cell, name: "stopping" | "terminate"): Promise<void> {
  const { behavior, context } = cell;
  if (!cell.hasState || behavior[name] === undefined || context === undefined) return;
  cell.current = name;
  cell.busy = true;
  try {
    const reason = cell.exit().reason;
    await runAs(cell, () => behavior[name]?.(cell.state, reason, context));
  } catch (error) {
    if (cell.living) cell.reason = errorExit(error);
    cell.kernel.crashed(cell, error);
  } finally {
    cell.busy = false;
    cell.current = undefined;
    if (cell.living === undefined) settleOrphan(cell);
  }
}

async function disposeInOrder(cell: Cell): Promise<void> {
  for (const owned of takeOwned(cell)) {
    try {
      await owned.dispose();
    } catch (error) {
      disposeFailed(cell, error);
    }
  }
}

function disposeNow(cell: Cell): void {
  for (const owned of takeOwned(cell)) disposeLate(cell, owned);
}

/** Dispose of what belongs to an ended incarnation; whoever stops the system waits for it. */
export function disposeLate(cell: Cell, owned: Owned): void {
  try {
    const disposing = owned.dispose();
    if (disposing === undefined) return;
    const { reaping } = cell.kernel;
    const settled = disposing
      .catch((error: unknown) => disposeFailed(cell, error))
      .finally(() => reaping.delete(settled));
    reaping.add(settled);
  } catch (error) {
    disposeFailed(cell, error);
  }
}

/** Last owned first. What is not taken yet stays in the set, so that a kill in between finds it. */
function* takeOwned(cell: Cell): Generator<Owned, void> {
  while (cell.owned !== undefined && cell.owned.size > 0) {
    const newest = [...cell.owned].reverse();
    for (const owned of newest) if (cell.owned.delete(owned)) yield owned;
  }
}

function disposeFailed(cell: Cell, error: unknown): void {
  notice(cell, "dispose-failed", { message: errorExit(error).message });
}

function adoptOrphan(cell: Cell): void {
  const doing = cell.current === undefined ? "init" : nameOf(cell.current);
  const { path, pid, epoch } = cell;
  cell.orphan = { path, pid, epoch, doing, since: cell.kernel.clock.now() };
  cell.kernel.orphans.add(cell.orphan);
}

/** Code of an ended incarnation has come to its end after all. */
export function settleOrphan(cell: Cell, error?: unknown): void {
  if (cell.orphan === undefined) return;
  cell.kernel.orphans.delete(cell.orphan);
  const { epoch, doing } = cell.orphan;
  cell.orphan = undefined;
  const data = { actor: cell.path, epoch, doing };
  const message = error === undefined ? undefined : errorExit(error).message;
  cell.kernel.logs.system.append("orphan-settled", { ...data, error: message });
}

/** The end itself, in one go: resources are released by now; then names; then everyone hears of it. */
function close(cell: Cell): void {
  if (cell.status === "ended") return;
  const { kernel } = cell;
  cell.status = "ended";
  cell.abort();
  cell.watchdog?.cancel();
  cancelTimers(cell);
  kernel.names.releaseAll(cell);
  kernel.groups.leaveAll(cell);
  if (cell.watching !== undefined) for (const monitor of cell.watching) monitor.cancel();
  const exit = cell.exit();
  kernel.logs.end(cell.path, cell.epoch, exit.reason);
  emptyMailbox(cell);
  endCalls(cell);
  leaveParent(cell);
  endStart(cell);
  tellAll(cell);
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

/** In a slot that keeps its mailbox, messages wait for the next incarnation; calls and timers never do. */
function emptyMailbox(cell: Cell): void {
  const waiting = [...(cell.stash?.takeAll() ?? []), ...cell.mailbox.takeAll()];
  if (waiting.length === 0) return;
  if (cell.place?.keepsMailbox !== true) {
    for (const message of waiting) buryAtEnd(cell, message);
    return;
  }
  const carried = waiting.filter(isPlain);
  for (const message of waiting) if (message instanceof CallMessage) bury(cell, message);
  cell.place.carry(carried);
}

function isPlain(message: unknown): boolean {
  return !(message instanceof CallMessage) && !(message instanceof TimerMessage);
}

function buryAtEnd(cell: Cell, message: unknown): void {
  if (message instanceof CallMessage) bury(cell, message);
  else if (!(message instanceof TimerMessage)) {
    const restarts = cell.place !== undefined && !isClean(cell.exit().reason);
    cell.kernel.deadLetters.add(cell, restarts ? "restart" : "stopped", message);
  }
}

function endCalls(cell: Cell): void {
  const down = new DownError(cell.path, cell.exit().reason);
  for (const call of cell.takeUnanswered()) call.giveUp(down);
  const stopped = new StoppedError(cell.path);
  for (const call of cell.takeAsked()) {
    if (cell.orphan === undefined) call.abandon(stopped);
    else call.giveUp(stopped);
  }
}

function leaveParent(cell: Cell): void {
  if (cell.place !== undefined) cell.place.vacate(cell.exit());
  else cell.parent?.children?.delete(cell.name);
}

function endStart(cell: Cell): void {
  if (cell.starting === undefined || cell.hasState) return;
  if (cell.unstarted === "ignored") cell.starting.resolve(false);
  else cell.starting.reject(cell.startError ?? new StoppedError(cell.path));
}

/** Monitors and links first, the parent last. */
function tellAll(cell: Cell): void {
  const exit = cell.exit();
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

/** The end of a linked actor: a message for who traps it, else the end of `cell` too if it was a failure. */
export function signalLink(cell: Cell, exit: Exit): void {
  if (cell.trap !== undefined) deliverSystem(cell, { make: cell.trap, exit, cancelled: false });
  else if (!isClean(exit.reason)) {
    const message = `${exit.path}, which it was linked to, has failed`;
    requestStop(cell, errorExit({ message }, "linked"));
  }
}
