import * as v from "valibot";
import { finite } from "../../../actors/data/index.ts";
import { isNodeWithin, resolveAddress } from "../address.ts";
import { statusPage, statusSchema } from "../run-status.ts";
import { verb } from "../verb.ts";

/** The whole of a run, page by page. */
export const runStatus = verb("run.status", {
  params: v.object({
    /** Only this node and those below it. Default: the whole run. */
    to: v.optional(v.string()),
    /** The `next` of the page before; `to` and `limit` are left out then. */
    cursor: v.optional(v.string()),
    /** Entries in a page. Default: 500. */
    limit: v.optional(finite),
  }),
  result: statusPage,
  serve: async ({ to, cursor, limit }, { run, pages, clock }) => {
    if (cursor !== undefined) return pages.next(cursor);
    const { run: facts, nodes, connections, endpoints } = await run.snapshot();
    const top = to === undefined ? undefined : resolveAddress(nodes, to).path;
    const status = {
      schema: statusSchema,
      at: clock.wallNow(),
      run: facts,
      nodes: nodes.filter(({ path }) => isNodeWithin(path, top)),
      connections: connections.filter(
        ({ from, to: end }) => isNodeWithin(from, top) || isNodeWithin(end, top),
      ),
      endpoints: endpoints.filter(({ path }) => isNodeWithin(path, top)),
    } as const;
    return pages.first(status, limit);
  },
});
