import type { Json, JsonObject } from "../wire/index.ts";
import type { ModelMessage, ModelRequest } from "./model-request.ts";

/** One thing that the model does in a reply. */
export type ReplyStep =
  /** Write this text. */
  | { readonly type: "say"; readonly text: string }
  /** Say it in `chunks` pieces with `gapMs` after each. */
  | Readonly<{ type: "stream"; text: string; chunks: number; gapMs: number }>
  /** Call a tool. */
  | Readonly<{ type: "call"; tool: string; args: Json; id?: string | undefined }>
  /** Wait before the next step. */
  | { readonly type: "sleep"; readonly ms: number }
  /** Run code of the test in the middle of the reply: kill the agent, say. */
  | { readonly type: "do"; readonly action: () => void | Promise<void> }
  /** Answer with this HTTP status instead; `retryAfterS` is the header `retry-after`, `headers` are others. */
  | Readonly<{
      type: "status";
      status: number;
      message?: string | undefined;
      retryAfterS?: number | undefined;
      headers?: Readonly<Record<string, string>> | undefined;
    }>
  /** End the reply here, with this `finish_reason`: `content_filter`, say. */
  | { readonly type: "end"; readonly reason: string }
  /** Break the connection off. */
  | { readonly type: "cut" };

/** Decides the model's answer, from the conversation that the model is sent. */
export type ModelScript = (
  request: ModelRequest,
) => readonly ReplyStep[] | Promise<readonly ReplyStep[]>;

/**
 * Obey the lines of the newest message that begin with `!`; without any, do what `otherwise` says.
 *
 * `!say TEXT`, `!call TOOL JSON`, `!sleep MS`, `!stream CHUNKS GAP-MS TEXT`, `!status CODE`, `!end REASON`, `!cut`;
 * `!next` begins the reply after that. When the lines are used up the model says `ok`.
 */
export function directedScript(otherwise: ModelScript): ModelScript {
  return (request) => {
    const at = request.messages.findLastIndex(({ role, text }) => canDirect(role, text));
    const message = request.messages[at];
    if (!message) return otherwise(request);
    const replies = repliesIn(message.text);
    const given = request.messages.slice(at + 1).filter(({ role }) => role === "assistant").length;
    return replies[given] ?? [{ type: "say", text: "ok" }];
  };
}

function canDirect(role: string, text: string): boolean {
  return (role === "user" || role === "tool") && /^!/m.test(text);
}

function repliesIn(text: string): readonly (readonly ReplyStep[])[] {
  const replies: ReplyStep[][] = [[]];
  for (const line of text.split("\n").filter((one) => one.startsWith("!"))) {
    if (line.trim() === "!next") replies.push([]);
    else replies.at(-1)?.push(stepOf(line));
  }
  return replies;
}

function stepOf(line: string): ReplyStep {
  const [, word = "", rest = ""] = /^!(\S+)\s*(.*)$/.exec(line) ?? [];
  const [first = "", second = ""] = rest.split(" ");
  const after = (count: number) => rest.split(" ").slice(count).join(" ");
  if (word === "say") return { type: "say", text: rest };
  if (word === "call") return { type: "call", tool: first, args: JSON.parse(after(1) || "{}") };
  if (word === "sleep") return { type: "sleep", ms: Number(first) };
  if (word === "stream")
    return { type: "stream", chunks: Number(first), gapMs: Number(second), text: after(2) };
  if (word === "status") return { type: "status", status: Number(first) };
  if (word === "end") return { type: "end", reason: first };
  if (word === "cut") return { type: "cut" };
  return { type: "say", text: `I do not know the directive ${line}` };
}

/**
 * Play the quickstart: asked for some haikus, write a few a turn, then hand in all of them by `finish`.
 *
 * What it hands in is read back from the conversation that it is sent, each haiku signed with a
 * number drawn when it was written: if a restart lost the conversation, they cannot be right.
 */
export function haikuScript(options: { readonly perTurn?: number | undefined } = {}): ModelScript {
  return ({ messages, tools }) => {
    const wanted = wantedHaikus(messages);
    const written = writtenHaikus(messages);
    const fresh = newHaikus(
      written.length,
      Math.min(options.perTurn ?? 3, wanted - written.length),
    );
    const pause = tools.some(({ name }) => name === "bash");
    const finish = tools.find(({ name }) => name === "finish");
    if (handedIn(messages)) return [{ type: "say", text: "The haikus are handed in." }];
    const said: readonly ReplyStep[] = fresh.length
      ? [{ type: "stream", text: fresh.join("\n"), chunks: 4, gapMs: 5 }]
      : [];
    if (pause && fresh.length)
      return [...said, { type: "call", tool: "bash", args: { command: "git --version" } }];
    if (!finish) return [...said, { type: "say", text: "That is all." }];
    const all = [...written, ...fresh];
    return [...said, { type: "call", tool: "finish", args: finishArgs(finish.parameters, all) }];
  };
}

const mark = "✎";

function wantedHaikus(messages: readonly ModelMessage[]): number {
  const asked = messages.find(({ role }) => role === "user")?.text ?? "";
  return Math.min(100, Number(/\d+/.exec(asked)?.[0] ?? 3));
}

function writtenHaikus(messages: readonly ModelMessage[]): readonly string[] {
  const said = messages.filter(({ role }) => role === "assistant").map(({ text }) => text);
  return said.flatMap((text) => text.split("\n").filter((line) => line.includes(` ${mark}`)));
}

function newHaikus(from: number, count: number): readonly string[] {
  return Array.from({ length: Math.max(0, count) }, (_, n) => {
    const verse = verses[(from + n) % verses.length] ?? "";
    return `${from + n + 1}. ${verse} ${mark}${Math.floor(Math.random() * 1e6)}`;
  });
}

function handedIn(messages: readonly ModelMessage[]): boolean {
  const finished = messages.flatMap(({ calls }) => calls).filter(({ tool }) => tool === "finish");
  const failed = /^(error|no result)|not found|validation/i;
  return finished.some(({ id }) =>
    messages.some(({ callId, text }) => callId === id && !failed.test(text)),
  );
}

/** Fill the tool's own arguments: lists and texts with the haikus, numbers with how many there are. */
function finishArgs(parameters: JsonObject, haikus: readonly string[]): JsonObject {
  const { properties } = parameters;
  const named = typeof properties === "object" && properties !== null ? properties : {};
  const filled = Object.entries(named).map(
    ([name, schema]) => [name, fill(schema, haikus)] as const,
  );
  return Object.fromEntries(filled);
}

function fill(schema: unknown, haikus: readonly string[]): Json {
  const type = typeof schema === "object" && schema !== null && "type" in schema ? schema.type : "";
  if (type === "array") return haikus;
  if (type === "number" || type === "integer") return haikus.length;
  return type === "boolean" ? true : haikus.join("\n");
}

const verses = [
  "Old commits drift by / picked up one by one again / on a newer base",
  "Two hands, the same line / the markers bloom like nettles / choose, add, continue",
  "Squash the quiet fix / into the day it belonged / no one saw it fall",
  "Detached, my head floats / between what was and will be / reflog keeps the door",
  "Force pushed before dawn / a colleague's branch wakes up lost / lease, next time, a lease",
  "Reword the first one / so that winter's hurried note / reads like early spring",
  "Abort, says the wind / and every leaf goes back home / nothing was broken",
  "Interactive list / pick pick edit fixup drop / a monk counts his beads",
  "The upstream river / moved its bed while I was home / I carry my stones",
  "Onto, from, until / three names for one simple wish / let us start from here",
  "Merge bubbles are gone / a single thread, dark and straight / ink before it dries",
  "Exec make test, please / each step proves itself alone / green moss on each stone",
];
