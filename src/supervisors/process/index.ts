export {
  type Agent,
  type AgentRecord,
  agentRecordOf,
  type NoArguments,
  rememberAgent,
  type SendOptions,
} from "./agent.ts";
export { nameTaken } from "./child-names.ts";
export {
  callProcess,
  forgetProcess,
  prepareProcess,
  startProcess,
} from "./children.ts";
export {
  type AgentProcess,
  define,
  definitionOf,
  nameOfFunction,
  type ProcessDefinition,
  type StartRule,
} from "./definition.ts";
export { errorOf, type Terminal } from "./ending.ts";
export {
  CancelledError,
  GaveUpError,
  ProcessEndedError,
  ProcessFailedError,
  ProcessTimeoutError,
  ReceiveTimeoutError,
} from "./errors.ts";
export {
  type AttachOptions,
  type EndpointHandler,
  type EndpointOptions,
  exposeIn,
} from "./exposing.ts";
export { hasEnded, type ProcessState } from "./lifecycle.ts";
export {
  type ReceiveOptions,
  receiveIn,
  sendIn,
  type Target,
  type Whereabouts,
  whereisIn,
} from "./messaging.ts";
export type { FailOptions } from "./outcome.ts";
export { processBehavior } from "./process-actor.ts";
export { eventsOf } from "./process-events.ts";
export { type ProcessHandle, RecordHandle, recordOf } from "./process-handle.ts";
export {
  type ProcessOptions,
  processOptionKinds,
  type RootOptions,
  withoutRootOptions,
} from "./process-options.ts";
export { ProcessRecord } from "./process-record.ts";
export { checkPolicy, childPolicy, type RestartPolicy, startRule } from "./restart-policy.ts";
export type { Addressee, JournalNote, Launchers, Run, StartedMachine } from "./run.ts";
export {
  currentScope,
  enter,
  leave,
  limitsOf,
  orStopped,
  type ProcessMessage,
  type ProcessScope,
  runningSignal,
  scopeIfAny,
} from "./scope.ts";
export { causeOf, whenStarted } from "./start-rule.ts";
export { everyIn, sleepIn } from "./timing.ts";
