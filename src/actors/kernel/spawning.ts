import { checkName } from "../../names.ts";
import type { Behavior, Ref, SpawnOptions } from "./behavior.ts";
import { Cell, type CellHome, type ChildEntry } from "./cell.ts";

import { AlreadyStartedError, StoppedError } from "./errors.ts";

import { CellRef } from "./refs.ts";

/** The options of a spawn without options: one object for all. */
export const noOptions: SpawnOptions<never> = Object.freeze({});

/** The place of a new incarnation in the tree. */
export interface Site {
  readonly parent: Cell;
  readonly name: string;
  readonly epoch: number;
  readonly home: CellHome | undefined;
}

/** Start a child under its own name. A name that is taken throws before any code runs. */
export function spawnChild<M, S>(
  parent: Cell,
  behavior: Behavior<M, S>,
  options: SpawnOptions<never>,
): Cell {
  const name = nameFor(parent, options.name, options.kind);
  const cell = createCell({ parent, name, epoch: 1, home: undefined }, behavior, options);
  addChild(parent, cell);
  return cell;
}

/** Make an incarnation and queue its start. */
export function createCell<M, S>(
  { parent, name, epoch, home }: Site,
  given: Behavior<M, S>,
  options: SpawnOptions<never>,
): Cell {
  const { kernel } = parent;
  const path = `${parent.path}/${name}`;
  // Safe cast: only its own ref, typed by M, brings messages to it, and only its own handlers make its state.
  const behavior = given as Behavior<unknown, unknown>;
  const cell = new Cell({ kernel, name, path, epoch, parent, home, behavior, options });
  kernel.equip(cell);
  kernel.logs.begin(path, epoch);
  kernel.scheduler.ready(cell);
  return cell;
}

/** Check the given name, or make one of the kind and a number. Throws for a taken name and for an ended parent. */
export function nameFor(parent: Cell, given: string | undefined, kind = "actor"): string {
  checkAlive(parent);
  if (given === undefined) return freeName(parent, kind);
  checkName(`a child of ${parent.path === "" ? "the root" : parent.path}`, given);
  const taken = parent.children?.get(given);
  if (taken === undefined) return given;
  throw new AlreadyStartedError(`${parent.path}/${given}`, taken.living?.pid ?? 0);
}

/** Throw unless the parent may still have children. */
export function checkAlive(parent: Cell): void {
  if (parent.winding || parent.living === undefined) throw new StoppedError(parent.path);
}

function freeName(parent: Cell, kind: string): string {
  for (;;) {
    const name = `${kind}-${parent.kernel.nextPid()}`;
    if (parent.children?.has(name) !== true) return name;
  }
}

export function addChild(parent: Cell, child: ChildEntry): void {
  parent.children ??= new Map();
  parent.children.set(child.name, child);
}

/** Return the ref of a cell. */
export function refOf<Message>(cell: Cell): Ref<Message> {
  cell.ref ??= new CellRef(cell);
  return cell.ref;
}
