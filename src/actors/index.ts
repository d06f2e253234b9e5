export type { Clock, ClockTimer } from "./clock.ts";
export type {
  AppendOptions,
  EventLog,
  EventLogOptions,
  LogEvent,
  WaitOptions,
} from "./events/event-log.ts";
export { createEventLog, isTerminal } from "./events/event-log.ts";
export type { ArchiveReader, LogArchive } from "./events/log-archive.ts";
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
} from "./kernel/behavior.ts";
export { ignore } from "./kernel/behavior.ts";
export type { DeadLetter, DeadLetterReason } from "./kernel/dead-letters.ts";
export type {
  ErrorExit,
  Exit,
  ExitReason,
  KilledExit,
  NoProcExit,
  NormalExit,
  ShutdownCause,
  ShutdownExit,
} from "./kernel/exit-reason.ts";
export { errorExit, isClean } from "./kernel/exit-reason.ts";
export type { FromMachineOptions } from "./kernel/from-machine.ts";
export { fromMachine } from "./kernel/from-machine.ts";
export type { GroupFace } from "./kernel/group-face.ts";
export type { GroupChange } from "./kernel/groups.ts";
export type { ActorInfo, TreeOptions } from "./kernel/introspection.ts";
export type { CrashReport, Orphan } from "./kernel/kernel.ts";
export type { SystemOptions } from "./kernel/make-kernel.ts";
export type { System, SystemStopOptions } from "./kernel/system.ts";
export { createSystem } from "./kernel/system.ts";
export type { Attribute, TopEntry } from "./kernel/top.ts";
export type { ManualClock } from "./manual-clock.ts";
export { manualClock } from "./manual-clock.ts";
export { systemClock } from "./system-clock.ts";
