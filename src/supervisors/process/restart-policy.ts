import type { ChildPolicy } from "../child-spec.ts";
import type { Intensity } from "../intensity.ts";

/** How a child is kept alive: what a child spec says of it, in one flat object. */
export interface RestartPolicy
  extends Omit<ChildPolicy, "intensity" | "kind" | "type" | "retain">,
    Intensity {
  /** Count the child as started when it emits an event of this type. Default: when its body is entered. */
  readonly startedBy?: string | undefined;
}

/** Translate to what a supervision takes; limits left out are the given ones. */
export function childPolicy(policy: RestartPolicy, limits: Intensity): ChildPolicy {
  const { maxRestarts, withinMs, maxConsecutive, startedBy: _, ...rest } = policy;
  return {
    ...rest,
    intensity: {
      maxRestarts: maxRestarts ?? limits.maxRestarts,
      withinMs: withinMs ?? limits.withinMs,
      maxConsecutive: maxConsecutive ?? limits.maxConsecutive,
    },
  };
}
