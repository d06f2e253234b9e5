import { StoppedError } from "../../errors.ts";
import type { Cell } from "./cell.ts";

/** Resolves when `init` succeeded or was ignored. A rejection that nobody looks at is no unhandled one. */
export function startOf(cell: Cell): Promise<boolean> {
  if (cell.starting !== undefined) return cell.starting.promise;
  if (cell.unstarted === "ignored") return Promise.resolve(false);
  if (cell.hasState) return Promise.resolve(true);
  if (cell.status === "ended") {
    const failed = Promise.reject(cell.startError ?? new StoppedError(cell.path));
    failed.catch(() => undefined);
    return failed;
  }
  let resolve: (ran: boolean) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<boolean>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  promise.catch(() => undefined);
  cell.starting = { promise, resolve, reject };
  return promise;
}
