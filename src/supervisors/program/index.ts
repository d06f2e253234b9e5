export type { SupervisorResult } from "./administration.ts";
export { agentProcess } from "./agent-process.ts";
export {
  bubble,
  currentProcess,
  currentRuntime,
  done,
  emit,
  every,
  expose,
  fail,
  type Runtime,
  receive,
  send,
  sleep,
  wait,
  whereis,
} from "./ambient.ts";
export { agent, connect, machine, spawn } from "./ambient-children.ts";
export { PoolClosedError, PoolFullError } from "./errors.ts";
export { isCancelled, isDone, isFailed } from "./event-kinds.ts";
export { handleOf } from "./handles.ts";
export { all, race, settled } from "./joins.ts";
export { type PoolOptions, type PoolProcess, type PoolResult, pool } from "./pool.ts";
export type { PoolHandle } from "./pool-handle.ts";
export type { PoolTask, TaskInfo } from "./pool-task.ts";
export { Process } from "./process.ts";
export { retry } from "./retry.ts";
export {
  type StatechartArguments,
  type StatechartHandle,
  type StatechartOptions,
  type StatechartProcess,
  type StatechartShape,
  statechart,
} from "./statechart.ts";
export {
  type AnyChild,
  type ChildMaker,
  child,
  type LiveChild,
  type Siblings,
  type SupervisedAgent,
  type SupervisedAgentOptions,
  type SupervisedChild,
  type SupervisedMachine,
} from "./supervised-child.ts";
export {
  type SupervisorOptions,
  type SupervisorProcess,
  supervisor,
} from "./supervisor.ts";
export type { SupervisorHandle } from "./supervisor-handle.ts";
