import type { Child } from "./child.ts";
import type { ChildId } from "./strategy.ts";

/** The children of one supervisor in start order. Adding, finding and removing one costs the same among any number. */
export class ChildTable {
  readonly #children = new Map<ChildId, Child>();
  readonly #dependents = new Map<ChildId, Set<Child>>();
  #nextPosition = 0;

  get size(): number {
    return this.#children.size;
  }

  /** Take the next place in the start order. */
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

  /** List `child` and the children that depend on it, also through others, in start order. */
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
