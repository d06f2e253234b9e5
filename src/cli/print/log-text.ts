import {
  type ControlEvent,
  encodeValue,
  inWords,
  isRecord,
  printable,
} from "../../supervisors/runtime/outside.ts";
import { age } from "./durations.ts";

/** The text of an event in a log: a word for its kind, and the rest. */
export interface LogText {
  readonly kind: string;
  readonly text: string;
}

/** The data of an event, as far as a line of a log tells. The values came from elsewhere. */
type Data = Readonly<Record<string, unknown>>;
type Describe = (data: Data) => LogText | undefined;

const longest = 400;

/**
 * Say what happened in a few words; undefined for what only a program wants to know.
 *
 * An event of a program is its type and its data, also when an agent has one of that name.
 */
export function logText({ type, path, data }: ControlEvent, kind: string): LogText | undefined {
  const isOwn = kind === "process" && (ofAgents.has(type) || isOwnTask(type, data));
  const known = !isOwn && Object.hasOwn(describers, type) ? describers[type] : undefined;
  const words = known ? known(isRecord(data) ? data : {}) : { kind: type, text: valueText(data) };
  if (words === undefined) return undefined;
  // A line begins with the path already.
  const told = known ? words.text.replace(`${path} `, "") : words.text;
  return { kind: printable(words.kind), text: cut(printable(told)) };
}

/** A process may have events of its own that are called as those of a pool. */
function isOwnTask(type: string, data: unknown): boolean {
  return type.startsWith("task-") && !(isRecord(data) && /^t\d{4,}$/.test(text(data.id)));
}

/** Below the root, the root goes without saying. */
export function shortPath(path: string): string {
  const [, root = "", ...below] = path.split("/");
  const place = below.length > 0 ? below.join("/") : root;
  return place || "/";
}

const said =
  (kind: string, tell: (data: Data) => string): Describe =>
  (data) => ({ kind, text: tell(data) });
/** Like `said`, without a line where the text is empty. */
const ifSaid =
  (kind: string, tell: (data: Data) => string): Describe =>
  (data) => {
    const words = tell(data);
    return words === "" ? undefined : { kind, text: words };
  };
const nothing: Describe = () => undefined;

const describers: Readonly<Record<string, Describe>> = {
  "run-started": said("run", ({ program, pid }) => `started ${text(program)} pid ${text(pid)}`),
  "run-ended": said("run", ({ state }) => `ended ${text(state)}`),
  reaped: said("gc", ({ run, removed, left }) => reapedText(text(run), removed, left)),
  "control-request": said("asked", askedText),
  "journal-cut": said("journal", ({ bytes }) => `${text(bytes)} bytes of a torn end were cut`),
  "journal-gap": said("journal", ({ dropped }) => `${text(dropped)} records were left out`),
  "process-state": nothing,
  "child-started": nothing,
  // What became of it says why: the restart, the giving up, its own last event.
  "child-terminated": nothing,
  // An agent's own word for it has no child.
  restarting: (data) =>
    data.id === undefined ? undefined : { kind: "restart", text: restartText(data) },
  restarted: said("restart", ({ id }) => `${text(id)} is back`),
  "not-retryable": said(
    "restart",
    ({ id, reason }) => `${text(id)} is not restarted: ${reasonText(reason)}`,
  ),
  "gave-up": said("gave-up", ({ id, reason }) => `${text(id)}: ${reasonText(reason)}`),
  "task-queued": said("task", ({ id }) => `${text(id)} queued`),
  "task-started": said("task", ({ id, attempt }) => `${text(id)} begun${againText(attempt)}`),
  "task-requeued": said(
    "task",
    ({ id, attempt, of, error }) =>
      `${text(id)} queued again, after attempt ${text(attempt)} of ${text(of)}: ${text(error)}`,
  ),
  "task-done": said("task", ({ id, attempt }) => `${text(id)} done${againText(attempt)}`),
  "task-failed": said("task", ({ id, error }) => `${text(id)} failed: ${text(error)}`),
  "start-error": said(
    "failed",
    ({ id, reason }) => `${text(id)} at its start: ${reasonText(reason)}`,
  ),
  "shutdown-error": said(
    "failed",
    ({ id, reason }) => `${text(id)} at its end: ${reasonText(reason)}`,
  ),
  done: said("done", ({ result }) => valueText(result)),
  failed: said("failed", (data) => `${text(data.class)}: ${text(data.message)}`),
  cancelled: said("cancelled", ({ reason }) => text(reason)),
  // Of an agent that waits for its restart the events beside it tell more.
  "agent-state": stateText(["suspect", "waiting", "failed", "stopped"]),
  "machine-state": stateText(["ready", "unreachable", "backoff", "failed", "stopped"]),
  connected: said("connect", ({ to }) => `-> ${shortPath(text(to))}`),
  disconnected: said("connect", ({ to }) => `no more -> ${shortPath(text(to))}`),
  "node-removed": nothing,
  started: said("started", ({ harness, model }) => `${text(harness)} ${text(model)}`),
  exited: said("exited", (reason) => reasonText(reason)),
  "message-taken": said(
    "message",
    ({ text: words, deliver }) => `${text(words)} (${text(deliver)})`,
  ),
  "message-queued": said("message", ({ id }) => `${text(id)} will be sent again`),
  "message-received": said("message", ({ message }) => valueText(message)),
  "message-sent": nothing,
  "message-accepted": nothing,
  "message-durable": nothing,
  message: ({ role, origin, text: words }) =>
    origin === "interactive" ? { kind: "typed", text: `${text(role)}: ${text(words)}` } : undefined,
  "turn-started": said("turn", () => "started"),
  "turn-ended": ifSaid("turn", turnText),
  idle: nothing,
  usage: nothing,
  "tool-started": said("tool", ({ tool, args }) => `${text(tool)} ${valueText(args)}`),
  "tool-called": nothing,
  "tool-missed": said("missed", ({ tools }) => `came to rest without calling ${orText(tools)}`),
  nudged: said("nudged", ({ count, max }) => `reminder ${text(count)} of ${text(max)}`),
  quiescent: said("quiescent", ({ agents }) => `${inWords(agents)} at rest; nothing is to come`),
  stuck: said("stuck", ({ step, afterMs }) => `no progress for ${agoText(afterMs)}: ${text(step)}`),
  "model-failed": said("model", modelText),
  "agent-word": nothing,
  "session-set-aside": said(
    "session",
    ({ file }) => `could not be read, and lies in ${text(file)}`,
  ),
  "not-removed": said("left", ({ message }) => text(message)),
  "tool-returned": said("tool", ({ tool, text: words, error }) =>
    error === undefined ? answerText(tool, words) : `${text(tool)} failed: ${text(error)}`,
  ),
  "tool-ended": ({ tool, failed }) =>
    failed === true ? { kind: "tool", text: `${text(tool)} failed` } : undefined,
  "door-lost": said("link", ({ reason }) => text(reason)),
  "control-socket-lost": said(
    "link",
    ({ socket }) => `${text(socket)} was deleted; it is opened again`,
  ),
  "link-refused": said("link", ({ reason }) => `refused: ${text(reason)}`),
  "link-broken": said("link", ({ reason }) => `broken: ${text(reason)}`),
};

/** The events that only agents have. */
const ofAgents: ReadonlySet<string> = new Set([
  "started",
  "exited",
  "message",
  "turn-started",
  "turn-ended",
  "idle",
  "usage",
  "tool-started",
  "tool-called",
  "tool-returned",
  "tool-ended",
  "tool-missed",
  "nudged",
  "stuck",
  "model-failed",
]);

/** States that the events beside them do not tell. */
function stateText(states: readonly string[]): Describe {
  return ({ state, summary, facts }) =>
    states.includes(text(state))
      ? { kind: text(state), text: text(summary) || waitText(state, facts) }
      : undefined;
}

/** The name of the command, and where it was typed. */
function askedText({ verb, endpoint, kill, from }: Data): string {
  const { pid, parent, terminal, run, launch, asPerson } = isRecord(from) ? from : {};
  const place = text(terminal) || (launch === undefined ? "no terminal" : "an agent's shell");
  return [
    text(verb),
    text(endpoint),
    kill === true ? "kill" : "",
    `by pid ${text(pid) || "?"} of ${text(parent) || "?"}, ${place}`,
    run === undefined ? "" : `inside run ${text(run)}`,
    asPerson === true ? "--as-person" : "",
  ]
    .filter(Boolean)
    .join("  ");
}

function waitText(state: unknown, facts: unknown): string {
  if (state !== "waiting" || !isRecord(facts) || text(facts.tool) === "") return "";
  return `for its tool ${text(facts.tool)}`;
}

/** A turn that only calls tools has said all by them. */
function turnText({ stopReason, text: words }: Data): string {
  const [how, what] = [text(stopReason), text(words)];
  if (how === "toolUse") return what;
  return `ended${how === "stop" ? "" : ` (${how})`}${what === "" ? "" : `: ${what}`}`;
}

function answerText(tool: unknown, words: unknown): string {
  return text(words) === "" ? `${text(tool)} returned` : `${text(tool)} = ${text(words)}`;
}

function againText(attempt: unknown): string {
  return typeof attempt === "number" && attempt > 1 ? ` (attempt ${attempt})` : "";
}

function orText(names: unknown): string {
  return Array.isArray(names) ? names.map(text).join(" or ") : "";
}

function agoText(ms: unknown): string {
  return typeof ms === "number" ? age(ms) : "long";
}

function modelText({ class: kind, message, attempt, of, delayMs }: Data): string {
  const again =
    typeof delayMs === "number"
      ? `, attempt ${text(attempt)} of ${text(of)} in ${secondsText(delayMs)}`
      : "";
  return `failed (${text(kind)})${again}: ${text(message)}`;
}

function restartText({ id, attempt, of, delayMs, reason }: Data): string {
  const when = typeof delayMs === "number" && delayMs > 0 ? ` in ${secondsText(delayMs)}` : "";
  return `${text(id)} attempt ${text(attempt)} of ${text(of)}${when}: ${firstLine(reasonText(reason))}`;
}

function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(1)}s`;
}

function firstLine(words: string): string {
  return words.split("\n", 1)[0] ?? "";
}

function reapedText(run: string, removed: unknown, left: unknown): string {
  const count = (list: unknown): number => (Array.isArray(list) ? list.length : 0);
  return `removed ${count(removed)} things of run ${run}, ${count(left)} are still there`;
}

/** The causes of a shutdown, in words. */
const causes: Readonly<Record<string, string>> = {
  parent: "its parent ended",
  api: "it was stopped",
  "auto-shutdown": "all that counted had ended",
  intensity: "failed more often than allowed",
  "not-retryable": "failed in a way that no restart can mend",
  "start-failed": "could not be started",
  deadline: "its time to stop was over",
};

function reasonText(reason: unknown): string {
  if (!isRecord(reason)) return "";
  const { type, class: kind, message, cause, by, detail } = reason;
  // A lost agent is named by the line that this stands in.
  if (type === "error") return `${text(kind)}: ${text(message).replace(/^\/\S+ is lost: /, "")}`;
  const what = causes[text(cause)] ?? [text(type), text(cause), text(by)].filter(Boolean).join(" ");
  // Why the supervisor below gave up says more than that it did.
  const below = isRecord(detail) ? reasonText(detail.lastReason) : "";
  return below === "" ? what : `${what}: ${below}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return "";
  return inWords(encodeValue(value).json, longest);
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function cut(words: string): string {
  return words.length > longest ? `${words.slice(0, longest)} …` : words;
}
