import type { AnyRef, Monitor } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { signalLink } from "./closing.ts";
import { deliverSystem } from "./delivery.ts";
import { watch } from "./ending.ts";
import { type Exit, exitOfNobody } from "./exit-reason.ts";
import type { SystemMessage } from "./mailbox.ts";
import { CellRef } from "./refs.ts";

/** The watch of one incarnation: one message at its end, unless it is cancelled first. */
export class CellMonitor implements Monitor {
  readonly #watcher: Cell;
  readonly #target: Cell | undefined;
  readonly #make: (exit: Exit) => unknown;
  #message: SystemMessage | undefined;
  #cancelled = false;

  constructor(watcher: Cell, target: AnyRef, make: (exit: Exit) => unknown) {
    this.#watcher = watcher;
    this.#make = make;
    this.#target = CellRef.cellOf(target);
    watcher.watching ??= new Set();
    watcher.watching.add(this);
    if (this.#target === undefined || this.#target.status === "ended")
      this.ended(exitOfNobody(target));
    else watch(this.#target, this);
  }

  /** The path of the watched actor. */
  get path(): string | undefined {
    return this.#target?.path;
  }

  ended(exit: Exit): void {
    if (this.#cancelled) return;
    this.#watcher.watching?.delete(this);
    this.#message = { make: this.#make, exit, cancelled: false };
    deliverSystem(this.#watcher, this.#message);
  }

  cancel(): void {
    this.#cancelled = true;
    if (this.#message !== undefined) this.#message.cancelled = true;
    this.#watcher.watching?.delete(this);
    this.#target?.watchers?.delete(this);
  }
}

/** Link two actors: the failure of one ends the other. A second link of the same two changes nothing. */
export function link(one: Cell, other: AnyRef): void {
  const cell = CellRef.cellOf(other);
  if (cell === one) return;
  if (cell === undefined || cell.status === "ended") {
    signalLink(one, exitOfNobody(other));
    return;
  }
  one.links ??= new Set();
  one.links.add(cell);
  cell.links ??= new Set();
  cell.links.add(one);
}

export function unlink(one: Cell, other: AnyRef): void {
  const cell = CellRef.cellOf(other);
  if (cell === undefined) return;
  one.links?.delete(cell);
  cell.links?.delete(one);
}
