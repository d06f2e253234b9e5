import { checkOptions, type OptionKinds } from "../../options.ts";
import { type ChildPolicy, checkBackoff, type Intensity } from "../supervision/index.ts";
import type { StartRule } from "./definition.ts";

/** The policy that keeps a child alive: the restart part of a child spec, in one flat object. */
export interface RestartPolicy
  extends Omit<ChildPolicy, "intensity" | "kind" | "type" | "retain">,
    Intensity {
  /**
   * Count the child as started when it emits an event of this type; later siblings wait for that, at
   * most `startTimeoutMs`. Default: when its body is entered.
   */
  readonly startedBy?: string | undefined;
}

const policyKinds: OptionKinds<RestartPolicy> = {
  restart: "any",
  maxRestarts: "number",
  withinMs: "number",
  maxConsecutive: "number",
  backoff: "object",
  restartIf: "function",
  startedBy: "text",
  startTimeoutMs: "number",
  startAttempts: "number",
  shutdownMs: "any",
  significant: "boolean",
  mailbox: "any",
  exclusive: "boolean",
  exclusiveTimeoutMs: "number",
  dependsOn: "any",
  stopTogether: "boolean",
};

/** Throw MisuseError for what a policy cannot say. `what` is the subject of its message. */
export function checkPolicy(what: string, policy: RestartPolicy | undefined): void {
  checkOptions(what, policy, policyKinds);
  checkBackoff(what, policy?.backoff);
}

/** The longest time until the event in `startedBy` (design, section 4). */
const startTimeoutMs = 5_000;

/** Tell when a process kept by this policy counts as started; undefined: by its own rule. */
export function startRule(policy: RestartPolicy): StartRule | undefined {
  if (policy.startedBy === undefined) return undefined;
  return { event: policy.startedBy, timeoutMs: policy.startTimeoutMs ?? startTimeoutMs };
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
