export { ChildRefusedError, InvalidSpecError, StartFailedError } from "../errors.ts";
export type { Backoff, BackoffPolicy } from "./supervision/backoff.ts";
export type { ChildInfo, ChildStatus, StoppedBy, SupervisionEvent } from "./supervision/child.ts";
export type {
  ChildCounts,
  RestartOptions,
  StartedChild,
  StartOptions,
} from "./supervision/child-admin.ts";
export type {
  ChildPolicy,
  ChildSpec,
  ResolvedSpec,
  Restart,
  Startable,
} from "./supervision/child-spec.ts";
export type { Intensity, RestartLimits } from "./supervision/intensity.ts";
export {
  type ChildTemplate,
  type DynamicStartOptions,
  type DynamicSupervisor,
  type DynamicSupervisorFlags,
  startDynamicSupervisor,
} from "./supervision/start-dynamic-supervisor.ts";
export {
  type Supervisor,
  type SupervisorFlags,
  type SupervisorParent,
  startSupervisor,
  supervisorOf,
} from "./supervision/start-supervisor.ts";
export type { ChildId, Strategy } from "./supervision/strategy.ts";
export {
  createSupervision,
  type Supervision,
  type SupervisionHooks,
} from "./supervision/supervision.ts";
export {
  type SupervisorMessage,
  type SupervisorRef,
  supervisorBehavior,
} from "./supervision/supervisor-actor.ts";
export type { AutoShutdown, SupervisionFlags } from "./supervision/supervisor-flags.ts";
