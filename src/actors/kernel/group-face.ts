import { NoProcError, StoppedError } from "../../errors.ts";
import type { AnyRef, Ref } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import type { GroupChange, Groups } from "./groups.ts";
import { CellRef } from "./refs.ts";
import { refOf } from "./spawning.ts";

/** Sets of living actors under a key. */
export interface GroupFace {
  /** Become a member. Who joined twice leaves twice. An actor that is stopping is refused. */
  join(key: string, ref: AnyRef): void;
  /** Undo one join; false when it is no member. */
  leave(key: string, ref: AnyRef): boolean;
  members(key: string): readonly Ref[];
  /** Hear of the members now, and then of each change once. Returns how to stop. */
  subscribe(key: string, listener: (change: GroupChange<Ref>) => void): () => void;
}

/** Show groups of cells as groups of refs. */
export function groupFace(groups: Groups<Cell>): GroupFace {
  return {
    join: (key, ref) => groups.join(key, joining(ref)),
    leave: (key, ref) => {
      const cell = CellRef.cellOf(ref);
      return cell !== undefined && groups.leave(key, cell);
    },
    members: (key) => groups.members(key).map((cell) => refOf(cell)),
    subscribe: (key, listener) => groups.subscribe(key, (change) => listener(shown(change))),
  };
}

function joining(ref: AnyRef): Cell {
  const cell = CellRef.cellOf(ref)?.living;
  if (cell === undefined) throw new NoProcError(ref.path);
  if (cell.status === "stopping") throw new StoppedError(cell.path);
  return cell;
}

function shown(change: GroupChange<Cell>): GroupChange<Ref> {
  if (change.type === "members") {
    return { type: "members", members: change.members.map((cell) => refOf(cell)) };
  }
  return { type: change.type, member: refOf(change.member) };
}
