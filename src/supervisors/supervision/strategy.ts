/** The name of a child among its supervisor's children. */
export type ChildId = string;

/** Whom the failure of one child takes along. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one";

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
