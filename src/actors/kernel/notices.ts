import type { Cell } from "./cell.ts";

/** Append an event about an actor to its own log and to the system's log. */
export function notice(cell: Cell, type: string, data: Readonly<Record<string, unknown>>): void {
  const { logs } = cell.kernel;
  const { epoch } = cell;
  logs.of(cell.path, cell.epoch).append(type, data, { epoch });
  logs.system.append(type, data, { source: cell.path.slice(1), epoch });
}
