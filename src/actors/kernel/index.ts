export {
  type AnyRef,
  type Behavior,
  type CallOptions,
  type Context,
  type Ignore,
  ignore,
  type MailboxOptions,
  type Monitor,
  type Overflow,
  type Ref,
  type Reply,
  type Shutdown,
  type Slot,
  type SlotOptions,
  type SpawnOptions,
  type Stash,
  type StopOptions,
  type TimerOptions,
  type Timers,
} from "./behavior.ts";
export { isAsync } from "./cell.ts";
export type { DeadLetter, DeadLetterReason } from "./dead-letters.ts";
export {
  AlreadyStartedError,
  CallAbortedError,
  CallTimeoutError,
  DeadlockError,
  DownError,
  NoProcError,
  OverflowError,
  StartTimeoutError,
  StoppedError,
} from "./errors.ts";
export {
  type ErrorExit,
  type Exit,
  type ExitReason,
  errorExit,
  firstReason,
  isClean,
  isRetryable,
  type KilledExit,
  type NoProcExit,
  type NormalExit,
  type ShutdownCause,
  type ShutdownExit,
} from "./exit-reason.ts";
export type { GroupChange } from "./groups.ts";
export type { ActorInfo, Attribute, TopEntry, TreeOptions } from "./introspection.ts";
export type { CrashReport, Orphan } from "./kernel.ts";
export type { SystemOptions } from "./make-kernel.ts";
export { createSystem, type GroupFace, type System, type SystemStopOptions } from "./system.ts";
