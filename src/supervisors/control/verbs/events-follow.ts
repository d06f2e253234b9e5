import * as v from "valibot";
import { finite } from "../../../actors/data/index.ts";
import { carried, encodedOrNamed } from "../carried.ts";
import { wantedEvents } from "../control-event.ts";
import { nodeAt } from "../served-run.ts";
import { streamVerb } from "../verb.ts";

/** The entries of a run's journal, oldest first. */
export const eventsFollow = streamVerb("events.follow", {
  params: v.object({
    /** Only events of this node and of those below it. */
    to: v.optional(v.string()),
    /** The first `seq` wanted. Default: the run's first. */
    from: v.optional(finite),
    types: v.optional(v.array(v.string())),
    /** Wait for more at the end instead of ending. */
    follow: v.optional(v.boolean(), false),
  }),
  item: {
    method: "event",
    schema: v.object({
      seq: finite,
      /** Wall-clock ms since 1970. */
      at: finite,
      path: v.string(),
      epoch: finite,
      type: v.string(),
      data: carried,
    }),
  },
  serve: async function* ({ to, from, types, follow }, { run, signal }) {
    const { journal } = run;
    const top = to === undefined ? undefined : (await nodeAt(run, to)).path;
    await journal.flush();
    const entries = follow ? journal.follow({ from, signal }) : journal.read({ from });
    for await (const event of wantedEvents(entries, { top, types })) {
      yield { ...event, data: encodedOrNamed(event.data) };
    }
  },
});
