import type { AnyRef, Monitor } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { watch } from "./ending.ts";
import type { Exit } from "./exit-reason.ts";

/** Call back once, later, when `cell` has ended; with `noproc` when it is not alive now. */
export function watchEnd(
  target: AnyRef,
  cell: Cell | undefined,
  down: (exit: Exit) => void,
): Monitor {
  let wanted = true;
  const watcher = { ended: (exit: Exit) => queueMicrotask(() => wanted && down(exit)) };
  if (cell?.living === undefined) watcher.ended(nobody(target));
  else watch(cell, watcher);
  return {
    cancel: () => {
      wanted = false;
      cell?.watchers?.delete(watcher);
    },
  };
}

function nobody({ path, pid, epoch }: AnyRef): Exit {
  return { path, pid, epoch, reason: { type: "noproc" } };
}
