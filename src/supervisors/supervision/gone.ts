import { type ExitReason, errorExit } from "../../actors/kernel/index.ts";
import type { Child } from "./child.ts";
import type { ChildGone, ChildSpec, GoneWhy, ResolvedSpec } from "./child-spec.ts";
import type { Family } from "./child-table.ts";

/** How a child ends that is stopped because its owner or its group is. */
export const parted: ExitReason = { type: "shutdown", cause: "parent" };

/** Tell a child's `gone` that it is gone, unless it was told since the latest start. A throw there is reported as `shutdown-error`. */
export function tellGone(family: Family, child: Child, why: GoneWhy, cause?: unknown): void {
  if (child.spec.gone === undefined || child.closing !== undefined) return;
  const closing = closeRecord(family, child, {
    why,
    reason: child.lastExit?.reason ?? parted,
    ...(cause === undefined ? {} : { cause }),
  });
  child.closing = closing;
  family.closings.add(closing);
  void closing.then(() => family.closings.delete(closing));
}

/** Tell those of these children that they are gone which are at rest, with nothing that is going to start them. */
export function tellLeftAtRest(family: Family, children: Iterable<Child>): void {
  for (const child of children) {
    const isAtRest = child.ref === undefined && child.operation === undefined;
    if (isAtRest && child.status === "stopped") tellGone(family, child, "with-group");
  }
}

/** Tell the `gone` of a child that was refused before it had a slot. */
export async function tellRefused(
  family: Family,
  spec: ChildSpec,
  refusal: unknown,
): Promise<void> {
  const { id, gone } = spec;
  if (gone === undefined) return;
  const end: ChildGone = {
    why: "not-started",
    reason: errorExit(refusal, "start"),
    cause: refusal,
  };
  await closeRecord(family, { spec: { id, gone: (told) => gone.call(spec, told) }, epoch: 0 }, end);
}

/** What a record is closed by. */
interface Closable {
  readonly spec: Pick<ResolvedSpec, "id" | "gone">;
  readonly epoch: number;
}

async function closeRecord(
  family: Family,
  { spec, epoch }: Closable,
  end: ChildGone,
): Promise<void> {
  try {
    await spec.gone?.(end);
  } catch (error) {
    family.emit({ type: "shutdown-error", id: spec.id, epoch, reason: errorExit(error) });
  }
}
