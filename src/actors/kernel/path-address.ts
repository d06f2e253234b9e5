import type { Cell, Child } from "./cell.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Vacancy } from "./refs.ts";
import { CellSlot } from "./slot.ts";

/** A path, looked up each time it is used. */
export class PathAddress implements Vacancy {
  readonly path: string;
  readonly #find: () => Child | undefined;
  readonly #deadLetters: DeadLetters;

  constructor(path: string, find: () => Child | undefined, deadLetters: DeadLetters) {
    this.path = path;
    this.#find = find;
    this.#deadLetters = deadLetters;
  }

  get living(): Cell | undefined {
    return this.#find()?.living;
  }

  get epoch(): number {
    const child = this.#find();
    if (child instanceof CellSlot) return child.epoch;
    return child?.living?.epoch ?? 0;
  }

  sendToNobody(message: unknown): boolean {
    const child = this.#find();
    if (child instanceof CellSlot) return child.sendToNobody(message);
    const reason = child === undefined ? "noproc" : "stopped";
    this.#deadLetters.add({ path: this.path, pid: child?.living?.pid ?? 0 }, reason, message);
    return false;
  }
}
