import type { ExitReason, ShutdownExit } from "../../actors/kernel/index.ts";

/** The name of a child among its supervisor's children. */
export type ChildId = string;

/** The siblings that the failure of one child takes along. */
export type Strategy =
  /** None: only the failed child restarts. */
  | "one-for-one"
  /** All: every child stops, and all start again. */
  | "one-for-all"
  /** The children that were started after the failed one. */
  | "rest-for-one";

export const strategies: ReadonlySet<unknown> = new Set<Strategy>([
  "one-for-one",
  "one-for-all",
  "rest-for-one",
]);

/** List the children that a restart of `failed` stops and starts again, in start order. */
export function touched(
  strategy: Strategy,
  order: readonly ChildId[],
  failed: ChildId,
): readonly ChildId[] {
  if (strategy === "one-for-one") return [failed];
  return strategy === "one-for-all" ? order : order.slice(order.indexOf(failed));
}

/** The detail of a child's exit when it was stopped because of a sibling. */
export interface StoppedWith {
  /** The id of the sibling. */
  readonly with: ChildId;
  /** The rule that ties the two: the supervisor's strategy, or the child's own `dependsOn`. */
  readonly by: "one-for-all" | "rest-for-one" | "dependsOn";
}

/** Make the exit of a child that is stopped because of a sibling. */
export function stoppedWith(
  sibling: ChildId,
  cause: "parent" | "api",
  by: StoppedWith["by"],
): ShutdownExit {
  const detail: StoppedWith = { with: sibling, by };
  return { type: "shutdown", cause, detail };
}

/** Say in words with which sibling a child was stopped: `stopped with vm (rest-for-one)`. Undefined for any other exit. */
export function stoppedWithText(reason: ExitReason): string | undefined {
  const detail: unknown = reason.type === "shutdown" ? reason.detail : undefined;
  if (typeof detail !== "object" || detail === null) return undefined;
  if (!("with" in detail && "by" in detail)) return undefined;
  return `stopped with ${String(detail.with)} (${String(detail.by)})`;
}

/** The facts of a child that the order of stops goes by. */
export interface Stoppable {
  readonly spec: {
    readonly id: ChildId;
    readonly dependsOn: ChildId | undefined;
    readonly stopTogether: boolean;
  };
}

/**
 * List the steps in which children stop that were started in this order; those of one step stop at the same time.
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

/** A child is started after the one it depends on: seen from the end, its dependents are known. */
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
