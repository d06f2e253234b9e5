import * as v from "valibot";
import { ControlError } from "../error.ts";
import { destinationAt, nodeAt } from "../served-run.ts";
import { verb } from "../verb.ts";

/** The command that shows an agent's terminal to a person. */
export const agentAttach = verb("agent.attach", {
  params: v.object({ to: v.string(), readOnly: v.optional(v.boolean(), false) }),
  result: v.object({ path: v.string(), argv: v.array(v.string()) }),
  serve: async ({ to, readOnly }, { run, acts }) => {
    const { path } = await nodeAt(run, to, ["agent"]);
    const { attach } = destinationAt(run, path);
    acts(path, { readOnly });
    if (attach !== undefined) return { path, argv: await attach(readOnly) };
    throw new ControlError("wrong-state", `${path} has no terminal; choose an agent.`);
  },
});
