import * as v from "valibot";
import { parsedJson } from "../../../actors/data/index.ts";
import { carried } from "../carried.ts";
import { ControlError } from "../error.ts";
import { destinationAt, nodeAt } from "../served-run.ts";
import { verb } from "../verb.ts";

/** Put a message into a process's mailbox or an agent's outbox. */
export const messageSend = verb("message.send", {
  params: v.object({
    to: v.string(),
    message: carried,
    /** The message is text that a person typed: a process gets what it says as JSON, where it is JSON. */
    typed: v.optional(v.boolean(), false),
  }),
  result: v.object({
    path: v.string(),
    /** The message's id in an agent's outbox. */
    id: v.optional(v.string()),
    /** The process has received a message, or asked for one. */
    receives: v.optional(v.boolean()),
  }),
  serve: async ({ to, message: given, typed }, { run, acts }) => {
    const { path, kind } = await nodeAt(run, to, ["process", "agent"]);
    const message = typed && kind === "process" ? asTyped(given) : given;
    if (kind === "agent" && typeof message !== "string") {
      throw new ControlError("bad-request", `${path} is an agent, and takes only text.`);
    }
    acts(path);
    const { id, receives } = await destinationAt(run, path).send(message);
    return { path, id, receives };
  },
});

function asTyped(text: unknown): unknown {
  const value = parsedJson(String(text));
  return value === undefined ? text : value;
}
