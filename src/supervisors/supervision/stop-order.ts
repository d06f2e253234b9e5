import type { ChildId } from "./strategy.ts";

/** What the order of stops goes by. */
export interface Stoppable {
  readonly spec: {
    readonly id: ChildId;
    readonly dependsOn: ChildId | undefined;
    readonly stopTogether: boolean;
  };
}

/**
 * Tell in which steps children stop that were started in this order; those of one step at the same time.
 *
 * It is the reverse order, one by one; but neighbours that stop together make one step, and another one
 * those of them that the first depend on.
 */
export function stopSteps<Child extends Stoppable>(started: readonly Child[]): Steps<Child> {
  return neighbours(started).toReversed().flatMap(stepsOf);
}

type Steps<Child> = readonly (readonly Child[])[];

function neighbours<Child extends Stoppable>(started: readonly Child[]): Steps<Child> {
  const groups: Child[][] = [];
  for (const child of started) {
    const group = groups.at(-1);
    if (child.spec.stopTogether && group?.[0]?.spec.stopTogether === true) group.push(child);
    else groups.push([child]);
  }
  return groups;
}

/** What is depended on was started first: seen from the end, its dependents are known. */
function stepsOf<Child extends Stoppable>(group: readonly Child[]): Steps<Child> {
  const steps: Child[][] = [];
  const stepOf = new Map<ChildId, number>();
  for (const child of group.toReversed()) {
    const { id, dependsOn } = child.spec;
    const step = stepOf.get(id) ?? 0;
    while (steps.length <= step) steps.push([]);
    steps[step]?.push(child);
    if (dependsOn !== undefined) {
      stepOf.set(dependsOn, Math.max(step + 1, stepOf.get(dependsOn) ?? 0));
    }
  }
  return steps;
}
