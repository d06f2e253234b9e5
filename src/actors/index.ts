export type {
  AnyRef,
  Behavior,
  CallOptions,
  Context,
  Ignore,
  MailboxOptions,
  Monitor,
  Ref,
  Reply,
  Shutdown,
  Slot,
  SlotOptions,
  SpawnOptions,
  Stash,
  StopOptions,
  TimerOptions,
  Timers,
} from "./behavior.ts";
export { ignore } from "./behavior.ts";
export type { Clock, ClockTimer } from "./clock.ts";
export type { DeadLetter, DeadLetterReason } from "./dead-letters.ts";
export type {
  AppendOptions,
  EventLog,
  EventLogOptions,
  LogEvent,
  WaitOptions,
} from "./event-log.ts";
export { createEventLog, isTerminal } from "./event-log.ts";
export type {
  ErrorExit,
  Exit,
  ExitReason,
  KilledExit,
  NoProcExit,
  NormalExit,
  ShutdownCause,
  ShutdownExit,
} from "./exit-reason.ts";
export { errorExit, isClean } from "./exit-reason.ts";
export type { FromMachineOptions } from "./from-machine.ts";
export { fromMachine } from "./from-machine.ts";
export type { GroupFace } from "./group-face.ts";
export type { GroupChange } from "./groups.ts";
export type { ActorInfo, TreeOptions } from "./introspection.ts";
export type { CrashReport, Orphan } from "./kernel.ts";
export type { ArchiveReader, LogArchive } from "./log-archive.ts";
export type { SystemOptions } from "./make-kernel.ts";
export type { ManualClock } from "./manual-clock.ts";
export { manualClock } from "./manual-clock.ts";
export type { System, SystemStopOptions } from "./system.ts";
export { createSystem } from "./system.ts";
export { systemClock } from "./system-clock.ts";
export type { Attribute, TopEntry } from "./top.ts";
