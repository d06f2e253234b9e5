import type { Shutdown } from "./behavior.ts";
import type { Cell, StopDeadline, Watcher } from "./cell.ts";
import { close } from "./closing.ts";
import type { Expiring } from "./deadlines.ts";
import { adoptOrphan, disposeInOrder, disposeNow, settleOrphan } from "./disposal.ts";
import { type ExitReason, errorExit, type KilledExit } from "./exit-reason.ts";
import { runAs } from "./scope.ts";
import { requestStop } from "./stop-request.ts";

/** Wait for the incarnation's end: the promise resolves with its reason. */
export function exitOf(cell: Cell): Promise<ExitReason> {
  if (cell.exited === undefined) {
    cell.exited = new Promise((resolve) => {
      if (cell.status === "ended") resolve(cell.exit().reason);
      else cell.tellExited = resolve;
    });
  }
  return cell.exited;
}

/** Add a watcher of the end. The cell must be alive. */
export function watch(cell: Cell, watcher: Watcher): void {
  cell.watchers ??= new Set();
  cell.watchers.add(watcher);
}

/** Stop the cell and wait for its end; kill it when the budget is over. Never rejects. */
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
  cell.stopDeadline = new KillLater(cell);
  cell.kernel.stopDeadlines.add(cell.stopDeadline, budget);
  return exited;
}

/** Kills a cell that has not ended when the budget of its stop is over. */
class KillLater implements StopDeadline {
  dueAt = 0;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  lane: Expiring["lane"] = undefined;
  readonly before: StopDeadline | undefined;
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
    this.before = cell.stopDeadline;
  }

  expire(): void {
    kill(this.#cell, "timeout");
  }
}

/** Run the end of a cell. Its reason must be set, and its handler must have settled. */
export function wind(cell: Cell): void {
  if (cell.winding || cell.status === "ended") return;
  cell.winding = true;
  cell.watchdog?.cancel();
  if (hasWorkToEnd(cell)) void windInSteps(cell);
  else close(cell);
}

/** Close the incarnation now, everything below it first, even while its code runs. */
export function kill(cell: Cell, by: KilledExit["by"]): void {
  closeNow(cell, { type: "killed", by });
}

/** Close the incarnation as `kill` does, with another reason, such as a start that took too long. */
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
    if (stopIdle(child, reason)) continue;
    await stopWithin(child, reason, child.shutdownMs);
    if (cell.status === "ended") return;
  }
}

/** Stop a child at once when it is idle and its end needs no work. Returns false for any other child. */
function stopIdle(cell: Cell, reason: ExitReason): boolean {
  if (cell.busy || cell.status !== "running" || hasWorkToEnd(cell)) return false;
  if (cell.shutdownMs === "brutal-kill") return false;
  requestStop(cell, reason);
  wind(cell);
  return true;
}

/** Run a hook of the behavior. An error that it throws becomes the reason, and the end goes on. */
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
