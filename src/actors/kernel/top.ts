import type { Cell } from "./cell.ts";
import { livingBelow } from "./introspection.ts";

/** What actors are ranked by: waiting messages, handled messages, children, refused effects. */
export type Attribute = "mailbox" | "handled" | "children" | "fenced";

export interface TopEntry {
  readonly path: string;
  readonly pid: number;
  readonly value: number;
}

/** Read one attribute of every actor. */
export function sample(root: Cell, attribute: Attribute): Map<Cell, number> {
  const values = new Map<Cell, number>();
  for (const cell of livingBelow(root)) values.set(cell, read(cell, attribute));
  return values;
}

/** The actors with the largest growth since `before`, largest first. */
export function top(
  now: ReadonlyMap<Cell, number>,
  before: ReadonlyMap<Cell, number>,
  limit: number,
): readonly TopEntry[] {
  const entries = Array.from(now, ([cell, value]) => {
    const { path, pid } = cell;
    return { path, pid, value: value - (before.get(cell) ?? 0) };
  });
  return entries.sort((one, other) => other.value - one.value).slice(0, limit);
}

function read(cell: Cell, attribute: Attribute): number {
  if (attribute === "mailbox") return cell.mailbox.length + (cell.system?.length ?? 0);
  if (attribute === "handled") return cell.handling;
  if (attribute === "children") return cell.children?.size ?? 0;
  return cell.fenced;
}
