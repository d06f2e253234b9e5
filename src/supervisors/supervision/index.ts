export { type Backoff, type BackoffPolicy, checkBackoff } from "./backoff.ts";
export { type BubbleOptions, bubble } from "./bubble.ts";
export type { ChildInfo, ChildStatus, GaveUpEvent, StoppedBy, SupervisionEvent } from "./child.ts";
export type {
  ChildGone,
  ChildPolicy,
  ChildSpec,
  GoneWhy,
  ResolvedSpec,
  Restart,
  Startable,
} from "./child-spec.ts";
export type { ChildCounts, RestartOptions, StartedChild, StartOptions } from "./child-verbs.ts";
export { ChildRefusedError, InvalidSpecError, StartFailedError } from "./errors.ts";
export {
  defaultLimits,
  type Intensity,
  limitText,
  type PassedLimit,
  type RestartLimits,
} from "./intensity.ts";
export {
  type ChildTemplate,
  type DynamicStartOptions,
  type DynamicSupervisor,
  type DynamicSupervisorFlags,
  startDynamicSupervisor,
} from "./start-dynamic-supervisor.ts";
export {
  type Supervisor,
  type SupervisorFlags,
  type SupervisorParent,
  startSupervisor,
  supervisorOf,
} from "./start-supervisor.ts";
export { type ChildId, type Strategy, stoppedWithText } from "./strategy.ts";
export { createSupervision, type Supervision, type SupervisionHooks } from "./supervision.ts";
export {
  type SupervisorMessage,
  type SupervisorRef,
  supervisorBehavior,
} from "./supervisor-actor.ts";
export { type AutoShutdown, resolveFlags, type SupervisionFlags } from "./supervisor-flags.ts";
