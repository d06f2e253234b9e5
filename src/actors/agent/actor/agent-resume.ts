import type { Call } from "../tools/index.ts";
import type { Conversation } from "../wire/index.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { HelloFrame } from "./agent-message.ts";

/**
 * Learn from a hello which messages the conversation has, so that the rest is sent again.
 *
 * `resumed` is the session that a new incarnation should continue; undefined when there was none
 * before, or when only the link was lost. The model hears what it cannot know by itself.
 */
export function takeIn(
  hello: HelloFrame,
  resumed: Conversation | undefined,
  memory: AgentMemory,
): void {
  memory.conversation = hello.session;
  memory.learn({ model: hello.model, session: hello.session.id });
  if (resumed === undefined) memory.outbox.opened(hello.durable);
  else if (resumed.id === hello.session.id) goOn(hello.durable, memory);
  else beginAnew(hello.durable, memory);
}

/** A message that the conversation has, and that was not answered, was cut off even where nobody heard of its turn. */
function goOn(durable: readonly string[], memory: AgentMemory): void {
  const { outbox, openCalls } = memory;
  outbox.opened(durable);
  const open = [...openCalls.values()];
  if (outbox.hasUnanswered || (memory.busy && wasInterrupted(memory))) {
    outbox.note(resumedNote(open));
  }
  memory.busy = false;
  openCalls.clear();
  for (const call of open) if (call.answer === undefined) void tellLater(call, memory);
}

/** Tell whether the agent's turn is lost, and no message that is sent again begins it anew. */
function wasInterrupted({ outbox, openCalls }: AgentMemory): boolean {
  return openCalls.size > 0 || outbox.waiting.length === 0;
}

function beginAnew(durable: readonly string[], memory: AgentMemory): void {
  const answered = memory.outbox.restarted();
  memory.outbox.opened(durable);
  if (answered.length > 0) memory.outbox.note(freshNote(answered));
  memory.busy = false;
  memory.openCalls.clear();
}

/** The part of a call that a note to the model holds. */
export type NotedCall = Pick<Call, "tool" | "args" | "answer">;

async function tellLater(call: Call, { outbox }: AgentMemory): Promise<void> {
  await call.result;
  // It is refused when the agent has ended or has a thousand messages waiting: then nobody misses it.
  await outbox.enqueue(lateResultNote(call), "follow-up").catch(() => {});
}

const maxQuoted = 4_000;
const maxHistory = 20_000;

/** Write the note that the model gets after a restart in the middle of its work. */
export function resumedNote(open: readonly NotedCall[]): string {
  const calls = open.map(callLine);
  return [
    "You were restarted while you were at work. This conversation is complete up to here.",
    ...(calls.length === 0
      ? []
      : ["Tool calls that were open, whatever was said of them above:", ...calls]),
    "Go on where you were.",
  ].join("\n");
}

/**
 * Write the note that gives the model the result of a call that was still running when it was
 * restarted.
 */
export function lateResultNote(call: NotedCall): string {
  return `The call of ${call.tool} that was open when you were restarted has come to its end:\n${answerText(call)}`;
}

/** Write the note that the model gets when its earlier conversation could not be continued. */
export function freshNote(answered: readonly string[]): string {
  return [
    "You take over from an agent whose conversation was lost. It had been sent these messages, in this order, and had dealt with them; look at the files to see what it did, and do not do it again:",
    ...recent(answered).map((text, index) => `${index + 1}. ${text}`),
    "What comes next was not dealt with.",
  ].join("\n");
}

function callLine(call: NotedCall): string {
  const name = `- ${call.tool}(${shortened(JSON.stringify(call.args), 400)})`;
  if (call.answer === undefined) {
    return `${name} is still running; its result will be sent to you. Do not call it again for this.`;
  }
  return `${name} ${answerText(call)}`;
}

function answerText({ answer }: NotedCall): string {
  if (answer?.error !== undefined) return `failed: ${shortened(answer.error, maxQuoted)}`;
  return `gave: ${shortened(answer?.text ?? "", maxQuoted) || "(nothing)"}`;
}

function recent(texts: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let size = 0;
  for (const text of [...texts].reverse()) {
    const short = shortened(text, maxQuoted);
    size += short.length;
    if (size > maxHistory) break;
    kept.unshift(short);
  }
  return kept;
}

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)} …`;
}
