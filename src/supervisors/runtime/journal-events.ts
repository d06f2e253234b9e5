import { isCopy, type Journal, type JournalEntry } from "../../actors/journal/index.ts";
import type { ControlEvent, ControlHandlers } from "../control/index.ts";

type EventsRequest = Parameters<ControlHandlers["events"]>[0];

/** Give the journal's entries that a control client asked for. An event that bubbled comes once, from where it began. */
export async function* journalEvents(
  journal: Journal,
  request: EventsRequest,
  signal: AbortSignal,
): AsyncGenerator<ControlEvent> {
  const { from, follow } = request;
  await journal.flush();
  const entries = follow ? journal.follow({ from, signal }) : journal.read({ from });
  for await (const entry of entries) {
    if (isWanted(entry, request)) yield { ...entry, epoch: entry.epoch ?? 1 };
  }
}

function isWanted(entry: JournalEntry, { path: wanted, types }: EventsRequest): boolean {
  const { path, type } = entry;
  if (isCopy(entry)) return false;
  const isBelow = wanted === undefined || path === wanted || path.startsWith(`${wanted}/`);
  return isBelow && (types === undefined || types.includes(type));
}
