export type { ProgressLimits } from "./actors/agent/actor/agent-spec.ts";
export type { AgentState } from "./actors/agent/actor/lifecycle.ts";
export type { Receipt } from "./actors/agent/actor/outbox.ts";
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
export type { AgentOptions } from "./supervisors/agents/agents.ts";
export type { ConnectOptions } from "./supervisors/agents/connections.ts";
export type { MachineOptions } from "./supervisors/agents/machines.ts";
export type { NudgeOptions } from "./supervisors/agents/nudge.ts";
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
} from "./supervisors/endpoints/contract.ts";
export type { EndpointCall, EndpointCallOptions } from "./supervisors/endpoints/endpoint-table.ts";
export type { Agent, NoArguments, SendOptions } from "./supervisors/process/agent.ts";
export type { AttachOptions } from "./supervisors/process/attach.ts";
export type { AgentProcess } from "./supervisors/process/definition.ts";
export type { EventLog } from "./supervisors/process/event-log.ts";
export type { EndpointHandler, EndpointOptions } from "./supervisors/process/exposing.ts";
export type { ProcessState } from "./supervisors/process/lifecycle.ts";
export type { ReceiveOptions, Target, Whereabouts } from "./supervisors/process/messaging.ts";
export type { ProcessHandle } from "./supervisors/process/process-handle.ts";
export type { ProcessOptions, RootOptions } from "./supervisors/process/process-options.ts";
export type { RestartPolicy } from "./supervisors/process/restart-policy.ts";
export { agentProcess } from "./supervisors/program/agent-process.ts";
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
} from "./supervisors/program/ambient.ts";
export { isCancelled, isDone, isFailed } from "./supervisors/program/event-kinds.ts";
export { all, race, settled } from "./supervisors/program/joins.ts";
export {
  type PoolOptions,
  type PoolProcess,
  type PoolResult,
  pool,
} from "./supervisors/program/pool.ts";
export type { PoolHandle } from "./supervisors/program/pool-handle.ts";
export type { PoolTask, TaskInfo } from "./supervisors/program/pool-task.ts";
export type { Process } from "./supervisors/program/process.ts";
export { retry } from "./supervisors/program/retry.ts";
export { child, type SupervisedChild } from "./supervisors/program/supervised-child.ts";
export {
  type SupervisorOptions,
  type SupervisorProcess,
  type SupervisorResult,
  supervisor,
} from "./supervisors/program/supervisor.ts";
export type { SupervisorHandle } from "./supervisors/program/supervisor-handle.ts";
export type { Backoff } from "./supervisors/supervision/backoff.ts";
export type { BubbleOptions } from "./supervisors/supervision/bubble.ts";
export type { ChildInfo } from "./supervisors/supervision/child.ts";
export type { Intensity } from "./supervisors/supervision/intensity.ts";
export type { Strategy } from "./supervisors/supervision/strategy.ts";
export type { AutoShutdown } from "./supervisors/supervision/supervisor-flags.ts";
