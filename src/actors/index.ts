export { type Clock, type ClockTimer, systemClock } from "./clock.ts";
export {
  type AppendOptions,
  createEventLog,
  type EventLog,
  type EventLogOptions,
  isTerminal,
  type LogEvent,
  type WaitOptions,
} from "./events/event-log.ts";
export type { ArchiveReader, LogArchive } from "./events/log-archive.ts";
export {
  type AnyRef,
  type Behavior,
  type CallOptions,
  type Context,
  type Ignore,
  ignore,
  type MailboxOptions,
  type Monitor,
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
} from "./kernel/behavior.ts";
export type { DeadLetter, DeadLetterReason } from "./kernel/dead-letters.ts";
export {
  type ErrorExit,
  type Exit,
  type ExitReason,
  errorExit,
  isClean,
  type KilledExit,
  type NoProcExit,
  type NormalExit,
  type ShutdownCause,
  type ShutdownExit,
} from "./kernel/exit-reason.ts";
export { type FromMachineOptions, fromMachine } from "./kernel/from-machine.ts";
export type { GroupChange } from "./kernel/groups.ts";
export type { ActorInfo, Attribute, TopEntry, TreeOptions } from "./kernel/introspection.ts";
export type { CrashReport, Orphan } from "./kernel/kernel.ts";
export type { SystemOptions } from "./kernel/make-kernel.ts";
export {
  createSystem,
  type GroupFace,
  type System,
  type SystemStopOptions,
} from "./kernel/system.ts";
export { type ManualClock, manualClock } from "./manual-clock.ts";
