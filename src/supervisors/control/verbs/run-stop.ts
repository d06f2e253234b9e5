import * as v from "valibot";
import { verb } from "../verb.ts";

/** Begin to stop the run; the answer comes when it has begun. */
export const runStop = verb("run.stop", {
  params: v.object({
    /** Kill instead of asking to stop. */
    kill: v.optional(v.boolean(), false),
  }),
  result: v.object({}),
  serve: async ({ kill }, { run, acts }) => {
    acts("/", { kill });
    if (kill) run.kill();
    else run.stop();
    return {};
  },
});
