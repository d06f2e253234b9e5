import { isCopy, type JournalEntry } from "../../actors/journal/index.ts";
import { isNodeWithin } from "./address.ts";

/** One entry of the run's journal, as a follower sees it. */
export type ControlEvent = Omit<JournalEntry, "epoch" | "source" | "nth"> & {
  readonly epoch: number;
};

/** Choose what a follower asked for. An event that bubbled comes once, from where it began. */
export async function* wantedEvents(
  entries: AsyncIterable<JournalEntry>,
  {
    top,
    types,
  }: { readonly top?: string | undefined; readonly types?: readonly string[] | undefined },
): AsyncGenerator<ControlEvent> {
  for await (const entry of entries) {
    if (isCopy(entry) || !isNodeWithin(entry.path, top)) continue;
    if (types === undefined || types.includes(entry.type))
      yield { ...entry, epoch: entry.epoch ?? 1 };
  }
}
