export type { AgentState } from "./actors/agent/actor/lifecycle.ts";
export type { Receipt } from "./actors/agent/actor/outbox.ts";
export type { ProgressLimits } from "./actors/agent/actor/progress-limits.ts";
export { type PiOptions, piHarness } from "./actors/agent/pi/harness.ts";
export { type InputSchema, jsonSchema } from "./actors/agent/tools/schema.ts";
export type { ToolCall, ToolOptions } from "./actors/agent/tools/tool.ts";
export type { Harness } from "./actors/agent/wire/harness.ts";
export type { LogEvent } from "./actors/events/event-log.ts";
export type { ExitReason } from "./actors/kernel/exit-reason.ts";
export * from "./errors.ts";
export { LocalImage } from "./machines/local/local.ts";
export type {
  Argv,
  ExecOptions,
  ExecResult,
  Image,
  Machine,
} from "./machines/machine.ts";
export type { Backoff } from "./supervisors/backoff.ts";
export type { BubbleOptions } from "./supervisors/bubble.ts";
export type { ChildInfo } from "./supervisors/child.ts";
export type { Intensity } from "./supervisors/intensity.ts";
export type { Agent, NoArguments, SendOptions } from "./supervisors/process/agent.ts";
export { agentProcess } from "./supervisors/process/agent-process.ts";
export type { AgentOptions } from "./supervisors/process/agents.ts";
export {
  agent,
  bubble,
  connect,
  currentProcess,
  currentRuntime,
  done,
  emit,
  every,
  expose,
  fail,
  machine,
  type Runtime,
  receive,
  send,
  sleep,
  spawn,
  wait,
  whereis,
} from "./supervisors/process/ambient.ts";
export type { AttachOptions } from "./supervisors/process/attach.ts";
export type { ConnectOptions } from "./supervisors/process/connections.ts";
export {
  type Api,
  type Contract,
  type ContractShape,
  contract,
  type EndpointAnswer,
  type EndpointArgs,
  type EndpointName,
  type EndpointShape,
  type Event,
  type EventData,
  type EventType,
  type FailedData,
  type MessageOf,
  type OpenShape,
  type TerminalData,
} from "./supervisors/process/contract.ts";
export type { AgentProcess } from "./supervisors/process/definition.ts";
export type { EndpointCall, EndpointCallOptions } from "./supervisors/process/endpoint-table.ts";
export { isCancelled, isDone, isFailed } from "./supervisors/process/event-kinds.ts";
export type { EventLog } from "./supervisors/process/event-log.ts";
export type { EndpointHandler, EndpointOptions } from "./supervisors/process/exposing.ts";
export { all, race, settled } from "./supervisors/process/joins.ts";
export type { ProcessState } from "./supervisors/process/lifecycle.ts";
export type { MachineOptions } from "./supervisors/process/machines.ts";
export type { ReceiveOptions, Target, Whereabouts } from "./supervisors/process/messaging.ts";
export type { NudgeOptions } from "./supervisors/process/nudge.ts";
export {
  type PoolOptions,
  type PoolProcess,
  type PoolResult,
  pool,
} from "./supervisors/process/pool.ts";
export type { PoolHandle } from "./supervisors/process/pool-handle.ts";
export type { PoolTask, TaskInfo } from "./supervisors/process/pool-task.ts";
export type { Process } from "./supervisors/process/process.ts";
export type { ProcessHandle } from "./supervisors/process/process-handle.ts";
export type { ProcessOptions, RootOptions } from "./supervisors/process/process-options.ts";
export type { RestartPolicy } from "./supervisors/process/restart-policy.ts";
export { retry } from "./supervisors/process/retry.ts";
export { child, type SupervisedChild } from "./supervisors/process/supervised-child.ts";
export {
  type SupervisorOptions,
  type SupervisorProcess,
  type SupervisorResult,
  supervisor,
} from "./supervisors/process/supervisor.ts";
export type { SupervisorHandle } from "./supervisors/process/supervisor-handle.ts";
export type { Strategy } from "./supervisors/strategy.ts";
export type { AutoShutdown } from "./supervisors/supervisor-flags.ts";
