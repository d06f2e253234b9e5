import { type Context, type ExitReason, StoppedError } from "../../actors/kernel/index.ts";
import type { Child, SupervisionEvent } from "./child.ts";
import type { ChildId } from "./strategy.ts";
import type { ResolvedFlags } from "./supervisor-flags.ts";

/** The children of one supervisor in start order; adding, finding and removing one costs the same among any number. */
export class ChildTable {
  readonly #children = new Map<ChildId, Child>();
  readonly #dependents = new Map<ChildId, Set<Child>>();
  #nextPosition = 0;

  get size(): number {
    return this.#children.size;
  }

  /** The place in the start order of the next child. */
  takePosition(): number {
    this.#nextPosition += 1;
    return this.#nextPosition;
  }

  get(id: ChildId): Child | undefined {
    return this.#children.get(id);
  }

  add(child: Child): void {
    this.#children.set(child.id, child);
    const { dependsOn } = child.spec;
    if (dependsOn === undefined) return;
    const dependents = this.#dependents.get(dependsOn) ?? new Set();
    this.#dependents.set(dependsOn, dependents.add(child));
  }

  remove(child: Child): void {
    this.#children.delete(child.id);
    const { dependsOn } = child.spec;
    if (dependsOn !== undefined) this.#dependents.get(dependsOn)?.delete(child);
  }

  /** All children in start order. */
  inOrder(): readonly Child[] {
    return [...this.#children.values()];
  }

  /** `child` and whoever depends on it, however far removed, in start order. */
  withDependents(child: Child): readonly Child[] {
    if (!this.#dependents.has(child.id)) return [child];
    const found = new Set([child]);
    for (const one of found) {
      for (const dependent of this.#dependents.get(one.id) ?? []) found.add(dependent);
    }
    return inStartOrder(found);
  }
}

/** Sort children by when they were first started. */
export function inStartOrder(children: Iterable<Child>): readonly Child[] {
  return [...children].sort((a, b) => a.position - b.position);
}

/** What the parts of one supervision share. */
export interface Family {
  /** Of the actor whose children they are. */
  readonly context: Context<never>;
  readonly flags: ResolvedFlags;
  readonly children: ChildTable;
  readonly emit: (event: SupervisionEvent) => void;
  /** The children that live, by pid. */
  readonly living: Map<number, Child>;
  /** The significant children that were started and have not finished by themselves. */
  readonly significant: Set<Child>;
  /** What `gone` of children began and has not settled. */
  readonly closings: Set<Promise<void>>;
  /** Everything is being stopped: nothing is started any more. */
  closing: boolean;
  /** While the first children are being started: one of them failed, so the start as a whole has. */
  initialFailure: ((child: Child, reason: ExitReason) => void) | undefined;
}

/** Forget a child, its spec and its name. */
export function forget(family: Family, child: Child): void {
  if (family.children.get(child.id) !== child) return;
  family.children.remove(child);
  child.slot.release();
}

/** Tell whether nothing of a child is kept once it is not to be started again. */
export function isForgotten(family: Family, child: Child): boolean {
  if (family.flags.dynamic) return true;
  return child.spec.restart === "temporary" && !child.spec.retain;
}

/** Tell whether nothing is to be started any more, by decision or because the owner is ending. */
export function isClosing({ closing, context }: Family): boolean {
  return closing || context.signal.aborted;
}

/** Do something as the owner. What an owner that has ended wanted to say is no longer of interest. */
export function unlessEnded(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
}
