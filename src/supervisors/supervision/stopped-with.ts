import type { ExitReason, ShutdownExit } from "../../actors/kernel/index.ts";
import type { ChildId } from "./strategy.ts";

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
