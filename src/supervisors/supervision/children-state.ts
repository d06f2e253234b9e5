import {
  type Context,
  type ExitReason,
  errorExit,
  StoppedError,
} from "../../actors/kernel/index.ts";
import type { Child, SupervisionEvent } from "./child.ts";
import type { ChildGone, ChildSpec, GoneWhy, ResolvedSpec } from "./child-spec.ts";
import type { ChildTable } from "./child-table.ts";
import type { ResolvedFlags } from "./supervisor-flags.ts";

/** The state that the parts of one supervision share. */
export interface ChildrenState {
  /** The context of the actor whose children they are. */
  readonly context: Context<never>;
  readonly flags: ResolvedFlags;
  readonly children: ChildTable;
  readonly emit: (event: SupervisionEvent) => void;
  /** The children that live, by pid. */
  readonly living: Map<number, Child>;
  /** The significant children that were started and have not finished by themselves, or are to be started again. */
  readonly significant: Set<Child>;
  /** The work that `gone` of children began and that has not settled. */
  readonly closings: Set<Promise<void>>;
  /** Everything is being stopped: nothing is started any more. */
  closing: boolean;
  /** The owner has ended, or was killed: nobody reads what is reported. */
  ended: boolean;
  /** Fails the start as a whole; there while the first children are being started. */
  initialFailure: ((child: Child, reason: ExitReason) => void) | undefined;
}

/** Forget a child, its spec and its name. */
export function forget(state: ChildrenState, child: Child): void {
  if (state.children.get(child.id) !== child) return;
  state.children.remove(child);
  child.slot.release();
}

/** Forget a child of which nothing is kept once it is not to be started again. */
export function forgetUnlessKept(state: ChildrenState, child: Child): void {
  const { restart, retain } = child.spec;
  if (state.flags.dynamic || (restart === "temporary" && !retain)) forget(state, child);
}

/** Tell whether nothing is to be started any more, by decision or because the owner is ending. */
export function isClosing({ closing, context }: ChildrenState): boolean {
  return closing || context.signal.aborted;
}

/** Act as the owner; an owner that has ended does nothing. */
export function unlessEnded(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof StoppedError)) throw error;
  }
}

/** The exit of a child that is stopped because its owner is. */
export const parted: ExitReason = { type: "shutdown", cause: "parent" };

/** Call a child's `gone`, unless it was called since the latest start. */
export function tellGone(state: ChildrenState, child: Child, why: GoneWhy, cause?: unknown): void {
  if (child.spec.gone === undefined || child.closing !== undefined) return;
  const closing = closeRecord(state, child, {
    why,
    reason: child.lastExit?.reason ?? parted,
    ...(cause === undefined ? {} : { cause }),
  });
  child.closing = closing;
  state.closings.add(closing);
  void closing.then(() => state.closings.delete(closing));
}

/** Call `gone` of those of these children that are stopped and that nothing is going to start. */
export function tellLeftAtRest(state: ChildrenState, children: Iterable<Child>): void {
  for (const child of children) {
    const isAtRest = child.ref === undefined && child.operation === undefined;
    if (isAtRest && child.status === "stopped") tellGone(state, child, "with-group");
  }
}

/** Call `gone` of a child that was refused before it had a slot. */
export async function tellRefused(
  state: ChildrenState,
  spec: ChildSpec,
  refusal: unknown,
): Promise<void> {
  const { id, gone } = spec;
  if (gone === undefined) return;
  const reason = errorExit(refusal, "start");
  const end: ChildGone = { why: "not-started", reason, cause: refusal };
  await closeRecord(state, { spec: { id, gone: (told) => gone.call(spec, told) }, epoch: 0 }, end);
}

/** A child, as far as its `gone` needs to know it. */
interface Closable {
  readonly spec: Pick<ResolvedSpec, "id" | "gone">;
  readonly epoch: number;
}

/** Report a throw of `gone`, which no caller gets. */
async function closeRecord(
  state: ChildrenState,
  { spec, epoch }: Closable,
  end: ChildGone,
): Promise<void> {
  try {
    await spec.gone?.(end);
  } catch (error) {
    state.emit({ type: "shutdown-error", id: spec.id, epoch, reason: errorExit(error) });
  }
}
