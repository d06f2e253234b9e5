import { AsyncLocalStorage } from "node:async_hooks";
import type { Cell } from "./cell.ts";
import { StoppedError } from "./errors.ts";
import type { PendingCall } from "./pending-call.ts";

/** Whose code runs, and for which message. */
export interface Scope {
  readonly party: Cell;
  readonly handling: number;
  readonly via: PendingCall | undefined;
}

const storage = new AsyncLocalStorage<Scope>();
/** Once no async scope was ever entered, looking for one is not worth its time. */
let everScoped = false;
/** Whose handler is on the stack now. */
let current: Cell | undefined;

/** Call `code` as the actor; what follows its awaits is the actor's too, when the cell is `scoped`. */
export function runAs<Args extends readonly unknown[], Result>(
  cell: Cell,
  code: (...args: Args) => Result,
  ...args: Args
): Result {
  const outer = current;
  current = cell;
  try {
    if (!cell.scoped) return code(...args);
    everScoped = true;
    return storage.run({ party: cell, handling: cell.handling, via: cell.call }, code, ...args);
  } finally {
    current = outer;
  }
}

/** Enter the actor's handler without a closure; `leave` with what this returned. */
export function enterCell(cell: Cell): Cell | undefined {
  const outer = current;
  current = cell;
  return outer;
}

export function leaveCell(outer: Cell | undefined): void {
  current = outer;
}

/** Make a callback act as the actor, whoever calls it, outside of any message. */
export function bindTo<Args extends readonly unknown[], Result>(
  cell: Cell,
  callback: (...args: Args) => Result,
): (...args: Args) => Result {
  everScoped = true;
  const scope: Scope = { party: cell, handling: -1, via: undefined };
  return (...args) => {
    const outer = enterNobody();
    try {
      return storage.run(scope, callback, ...args);
    } finally {
      current = outer;
    }
  };
}

function enterNobody(): Cell | undefined {
  const outer = current;
  current = undefined;
  return outer;
}

/** Whose code runs now, in a handler or after one of its awaits. */
export function scopeNow(): Scope | undefined {
  if (current === undefined) return everScoped ? storage.getStore() : undefined;
  return { party: current, handling: current.handling, via: current.call };
}

/** The actor whose code runs now, if its incarnation has ended: its effects have none. */
export function endedCaller(): Cell | undefined {
  if (current !== undefined) return current.status === "ended" ? current : undefined;
  if (!everScoped) return undefined;
  const cell = storage.getStore()?.party;
  return cell?.status === "ended" ? cell : undefined;
}

/** Effects of an ended incarnation that are refused with an error before they wait for ever. */
const refusals = 3;

/** Count an effect of an ended incarnation. */
export function countFenced(cell: Cell, effect: string): StoppedError {
  cell.fenced += 1;
  if (cell.fenced === 1) {
    const data = { actor: cell.path, epoch: cell.epoch, effect };
    cell.kernel.logs.system.append("fenced", data, { source: cell.path.slice(1) });
  }
  return new StoppedError(cell.path, `its incarnation ${cell.epoch} has ended, ${effect} is void`);
}

/**
 * Refuse an effect that its caller awaits. The first ones reject, so that `finally` runs; later
 * ones never settle, so that a loop which swallows the error comes to rest.
 */
export function refuse<Value>(cell: Cell, effect: string): Promise<Value> {
  const error = countFenced(cell, effect);
  return cell.fenced <= refusals ? Promise.reject(error) : new Promise(() => undefined);
}
