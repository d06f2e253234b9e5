import { AsyncLocalStorage } from "node:async_hooks";
import type { Cell } from "./cell.ts";
import { StoppedError } from "./errors.ts";
import type { PendingCall } from "./pending-call.ts";

/** The actor whose code runs, and the message that it handles. */
export interface Scope {
  readonly party: Cell;
  readonly handling: number;
  readonly via: PendingCall | undefined;
}

const storage = new AsyncLocalStorage<Scope>();
/** False until the first async scope is entered: before that, a look-up would only cost time. */
let everScoped = false;
/** The actor whose handler is on the stack now. */
let current: Cell | undefined;

/** Run `code` as the actor. In a `scoped` cell, code after its awaits counts as the actor's too. */
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

/** Enter the actor's handler without a closure. Pass the result to `leaveCell`. */
export function enterCell(cell: Cell): Cell | undefined {
  const outer = current;
  current = cell;
  return outer;
}

export function leaveCell(outer: Cell | undefined): void {
  current = outer;
}

/** Wrap a callback so that it runs as the actor, outside any message, from wherever it is called. */
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

/** Find the actor whose code runs now: in a handler, or after one of its awaits. */
export function scopeNow(): Scope | undefined {
  if (current === undefined) return everScoped ? storage.getStore() : undefined;
  return { party: current, handling: current.handling, via: current.call };
}

/** Find the actor whose code runs now if its incarnation has ended: its effects are void. */
export function endedCaller(): Cell | undefined {
  if (current !== undefined) return current.status === "ended" ? current : undefined;
  if (!everScoped) return undefined;
  const cell = storage.getStore()?.party;
  return cell?.status === "ended" ? cell : undefined;
}

/** The number of awaited effects of an ended incarnation that are refused with an error. Later ones never settle. */
const refusals = 3;

/** Count an effect of an ended incarnation, and make the error for it. */
export function countFenced(cell: Cell, effect: string): StoppedError {
  cell.fenced += 1;
  if (cell.fenced === 1) {
    const data = { actor: cell.path, epoch: cell.epoch, effect };
    cell.kernel.logs.system.append("fenced", data, { source: cell.path.slice(1) });
  }
  return new StoppedError(cell.path, `its incarnation ${cell.epoch} has ended, ${effect} is void`);
}

/**
 * Refuse an effect that its caller awaits.
 *
 * The first ones reject, so that `finally` runs. Later ones never settle, so that a loop that ignores
 * the error stops.
 */
export function refuse<Value>(cell: Cell, effect: string): Promise<Value> {
  const error = countFenced(cell, effect);
  return cell.fenced <= refusals ? Promise.reject(error) : new Promise(() => undefined);
}
