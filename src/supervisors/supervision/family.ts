import type { Context } from "../../actors/kernel/behavior.ts";
import type { ExitReason } from "../../actors/kernel/exit-reason.ts";
import { StoppedError } from "../../errors.ts";
import type { Child } from "./child.ts";
import type { ChildTable } from "./child-table.ts";
import type { SupervisionEvent } from "./supervision-event.ts";
import type { ResolvedFlags } from "./supervisor-flags.ts";

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
