export { LogEndedError, WaitTimeoutError } from "./errors.ts";
export {
  type AppendOptions,
  createEventLog,
  type EventLog,
  type EventLogOptions,
  isTerminal,
  type LogEvent,
  type WaitOptions,
} from "./event-log.ts";
export type { ArchiveReader, LogArchive } from "./log-archive.ts";
