export { ChildRefusedError, InvalidSpecError, StartFailedError } from "../errors.ts";
export type { Backoff, BackoffPolicy } from "./backoff.ts";
export type { ChildInfo, ChildStatus, StoppedBy } from "./child.ts";
export type { ChildCounts, RestartOptions, StartedChild, StartOptions } from "./child-admin.ts";
export type { ChildPolicy, ChildSpec, ResolvedSpec, Restart, Startable } from "./child-spec.ts";
export type { Intensity, RestartLimits } from "./intensity.ts";
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
export type { ChildId, Strategy } from "./strategy.ts";
export { createSupervision, type Supervision, type SupervisionHooks } from "./supervision.ts";
export type { SupervisionEvent } from "./supervision-event.ts";
export {
  type SupervisorMessage,
  type SupervisorRef,
  supervisorBehavior,
} from "./supervisor-actor.ts";
export type { AutoShutdown, SupervisionFlags } from "./supervisor-flags.ts";
