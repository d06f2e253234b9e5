import type { Cell } from "./cell.ts";

/** Say something of an actor, on its own stream and on the system's. */
export function notice(cell: Cell, type: string, data: Readonly<Record<string, unknown>>): void {
  const { logs } = cell.kernel;
  const { epoch } = cell;
  logs.of(cell.path, cell.epoch).append(type, data, { epoch });
  logs.system.append(type, data, { source: cell.path.slice(1), epoch });
}
