import type { Cell, Owned } from "./cell.ts";
import { nameOf } from "./dead-letters.ts";
import { errorExit } from "./exit-reason.ts";
import type { Orphan } from "./kernel.ts";
import { notice } from "./notices.ts";

/** Release the actor's resources one after another, last owned first. */
export async function disposeInOrder(cell: Cell): Promise<void> {
  for (const owned of takeOwned(cell)) {
    try {
      await owned.dispose();
    } catch (error) {
      disposeFailed(cell, error);
    }
  }
}

/** Start to release the actor's resources without waiting. */
export function disposeNow(cell: Cell): void {
  for (const owned of takeOwned(cell)) disposeLate(cell, owned);
}

/** Release a resource of an ended incarnation. The stop of the system waits for it. */
export function disposeLate(cell: Cell, owned: Owned): void {
  try {
    const disposing = owned.dispose();
    if (disposing === undefined) return;
    const { reaping } = cell.kernel;
    const settled = disposing
      .catch((error: unknown) => disposeFailed(cell, error))
      .finally(() => reaping.delete(settled));
    reaping.add(settled);
    outlive(cell, settled);
  } catch (error) {
    disposeFailed(cell, error);
  }
}

/** Take the resources, last owned first. The rest stays in the set, so that a kill in between finds it. */
function* takeOwned(cell: Cell): Generator<Owned, void> {
  while (cell.owned !== undefined && cell.owned.size > 0) {
    const newest = [...cell.owned].reverse();
    for (const owned of newest) if (cell.owned.delete(owned)) yield owned;
  }
}

function disposeFailed(cell: Cell, error: unknown): void {
  notice(cell, "dispose-failed", { message: errorExit(error).message });
}

/** Note that the code of a killed incarnation still runs. */
export function adoptOrphan(cell: Cell): void {
  const doing = cell.current === undefined ? "init" : nameOf(cell.current);
  const since = cell.kernel.clock.now();
  const settled = new Promise<void>((settle) => {
    cell.orphan = { doing, since, settled: settle };
  });
  cell.kernel.orphans.add(cell);
  outlive(cell, settled);
}

/** Describe the code of an ended incarnation that still runs; undefined when none does. */
export function orphanOf({ path, pid, epoch, orphan, fenced }: Cell): Orphan | undefined {
  if (orphan === undefined) return undefined;
  return { path, pid, epoch, doing: orphan.doing, since: orphan.since, fenced };
}

/** Track work that may outlive a kill. The slot settles after it. */
function outlive(cell: Cell, settled: Promise<void>): void {
  cell.afterlife ??= new Set();
  cell.afterlife.add(settled);
}

/** Note that the code of an ended incarnation has settled. */
export function settleOrphan(cell: Cell, error?: unknown): void {
  if (cell.orphan === undefined) return;
  const { doing, settled } = cell.orphan;
  cell.kernel.orphans.delete(cell);
  cell.orphan = undefined;
  settled();
  const { epoch, fenced } = cell;
  const data = { actor: cell.path, epoch, doing, fenced };
  const message = error === undefined ? undefined : errorExit(error).message;
  cell.kernel.logs.system.append("orphan-settled", { ...data, error: message });
}
