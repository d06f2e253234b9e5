import { ExtensionAgent } from "./agent.ts";
import { launchFacts } from "./facts.ts";
import type { Pi } from "./pi.ts";

/**
 * The extension that pi loads: it dials the runtime and speaks its frames.
 *
 * It connects when a session starts, since pi also loads extensions to print its help. Without the
 * facts of a launch by ramure it does nothing.
 */
export default function ramure(pi: Pi): void {
  const facts = launchFacts();
  if (!facts) return;
  let agent: ExtensionAgent | undefined;
  pi.on("session_start", ({ reason = "startup" }, context) => {
    agent = new ExtensionAgent(pi, context, facts);
    agent.open(reason !== "startup");
  });
  for (const name of eventNames) pi.on(name, (event) => agent?.handlers[name]?.(event));
}

const eventNames = [
  "input",
  "before_agent_start",
  "agent_start",
  "agent_end",
  "agent_settled",
  "turn_start",
  "turn_end",
  "message_start",
  "message_update",
  "message_end",
  "tool_execution_start",
  "tool_execution_end",
  "session_before_compact",
  "session_compact",
  "session_compact_failed",
  "model_select",
  "session_shutdown",
] as const;
