import type { Cell } from "./cell.ts";
import type { ExitReason } from "./exit-reason.ts";

/**
 * Ask for the end: from now on nothing new is accepted and the signal is aborted.
 *
 * The handler under way may finish. The first reason counts, unless a crash follows.
 */
export function requestStop(cell: Cell, reason: ExitReason, drains = false): void {
  if (cell.status === "stopping" || cell.status === "ended") return;
  cell.status = "stopping";
  cell.reason = reason;
  cell.drains = drains;
  if (drains) cell.suspended = false;
  cell.abort();
  if (!cell.busy) cell.kernel.scheduler.ready(cell);
}
