import type { Cell } from "./cell.ts";
import { nameOf } from "./dead-letters.ts";
import { errorExit } from "./exit-reason.ts";

/** Remember that the code of a killed incarnation still runs. */
export function adoptOrphan(cell: Cell): void {
  const doing = cell.current === undefined ? "init" : nameOf(cell.current);
  const { path, pid, epoch } = cell;
  cell.orphan = { path, pid, epoch, doing, since: cell.kernel.clock.now() };
  cell.kernel.orphans.add(cell.orphan);
  outlive(
    cell,
    new Promise((resolve) => {
      cell.orphanSettled = resolve;
    }),
  );
}

/** Remember what is still under way of an ended incarnation. */
export function outlive(cell: Cell, settled: Promise<void>): void {
  cell.afterlife ??= new Set();
  cell.afterlife.add(settled);
}

/** Code of an ended incarnation has come to its end after all. */
export function settleOrphan(cell: Cell, error?: unknown): void {
  if (cell.orphan === undefined) return;
  cell.kernel.orphans.delete(cell.orphan);
  cell.orphanSettled?.();
  const { epoch, doing } = cell.orphan;
  cell.orphan = undefined;
  const data = { actor: cell.path, epoch, doing };
  const message = error === undefined ? undefined : errorExit(error).message;
  cell.kernel.logs.system.append("orphan-settled", { ...data, error: message });
}
