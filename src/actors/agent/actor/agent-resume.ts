import type { CallRecord } from "../tools/call.ts";
import type { Session } from "../wire/protocol.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { Hello } from "./agent-message.ts";
import { freshNote, lateResultNote, resumedNote } from "./agent-note.ts";

/**
 * Learn from a hello which messages the conversation has, so that the rest is sent again.
 *
 * `resumed` is the session that a new incarnation should go on with; undefined when there was none
 * before, or when only the link was lost. The model hears what it cannot know by itself.
 */
export function takeIn(hello: Hello, resumed: Session | undefined, memory: AgentMemory): void {
  memory.session = hello.session;
  memory.learn({ model: hello.model, session: hello.session.id });
  if (resumed === undefined) memory.outbox.opened(hello.durable);
  else if (resumed.id === hello.session.id) goOn(hello.durable, memory);
  else beginAnew(hello.durable, memory);
}

function goOn(durable: readonly string[], memory: AgentMemory): void {
  const { outbox, openCalls } = memory;
  outbox.opened(durable);
  const open = [...openCalls.values()];
  if (memory.busy && wasInterrupted(memory)) outbox.note(resumedNote(open));
  memory.busy = false;
  openCalls.clear();
  for (const call of open) if (call.answer === undefined) void tellLater(call, memory);
}

/** Its turn is lost, and no message that is sent again begins it anew. */
function wasInterrupted({ outbox, openCalls }: AgentMemory): boolean {
  return openCalls.size > 0 || outbox.hasUnanswered || outbox.waiting.length === 0;
}

function beginAnew(durable: readonly string[], memory: AgentMemory): void {
  const answered = memory.outbox.restarted();
  memory.outbox.opened(durable);
  if (answered.length > 0) memory.outbox.note(freshNote(answered));
  memory.busy = false;
  memory.openCalls.clear();
}

async function tellLater(call: CallRecord, { outbox }: AgentMemory): Promise<void> {
  await call.result;
  // It is refused when the agent has ended or has a thousand messages waiting: then nobody misses it.
  await outbox.enqueue(lateResultNote(call), "follow-up").catch(() => {});
}
