import type { LogEvent } from "../../actors/events/event-log.ts";
import type { ProcessRecord } from "./process-record.ts";

const ends: readonly string[] = ["started", "done", "failed", "cancelled"];

/** Wait until the epoch that is being started counts as started, or has ended before that. */
export async function whenStarted(record: ProcessRecord): Promise<void> {
  if (record.state !== "starting") return;
  const { epoch } = record;
  const where = (event: LogEvent) => event.source === undefined && event.epoch === epoch;
  await record.log.waitFor(ends, { where });
}
