import type { Cell } from "./cell.ts";
import type { ExitReason } from "./exit-reason.ts";

/**
 * Ask the actor to end: it accepts no new message, and its signal aborts.
 *
 * The current handler may finish. The first reason counts, unless a crash follows.
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
