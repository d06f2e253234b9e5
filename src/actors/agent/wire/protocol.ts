/*
 * The frames between an agent's bridge (in the agent's own process, perhaps far away) and the runtime.
 * Plain JSON, one frame a WebSocket message. This file is bundled into the extension.
 */
import {
  BadFrameError,
  check,
  dispatch,
  type Json,
  type JsonObject,
  json,
  list,
  object,
  oneOf,
  optional,
  type Reader,
  type Readers,
  record,
  string,
  union,
} from "./protocol-readers.ts";

export { BadFrameError, type Json, type JsonObject } from "./protocol-readers.ts";

export const protocolVersion = 1;

/** The agent's side of one tool: what the model is told. */
export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object schema. */
  readonly parameters: JsonObject;
}

/** One conversation, and where it is kept on the machine. */
export type Conversation = Readonly<{ id: string; file?: string | undefined }>;

export type Deliver =
  /** The message waits until the agent is idle. */
  | "follow-up"
  /** The message comes in before the agent's next step. */
  | "steer";

export interface Capabilities {
  /** A tool that is added while a turn runs can be used in that turn. */
  readonly liveTools: boolean;
  /** The harness tells when it is truly idle. */
  readonly settled: boolean;
}

/** The call of a tool. */
export type CallFrame = Extract<FromAgent, { readonly type: "call" }>;

/** The frames that the agent's side sends. */
export type FromAgent =
  /** The first frame of a link: who speaks, and what it can do. */
  | {
      readonly type: "hello";
      readonly protocol: number;
      readonly token: string;
      readonly path: string;
      readonly epoch: number;
      readonly harness: string;
      readonly harnessVersion?: string | undefined;
      readonly pid: number;
      readonly capabilities: Capabilities;
      /** The conversation: the same id before and after a restart that resumed. */
      readonly session: Conversation;
      /** The model in use, `provider/id`; absent: none is configured. */
      readonly model?: string | undefined;
      /** True when there is a login or key for that model. */
      readonly modelReady: boolean;
      /** Message ids that are already in the conversation for good. */
      readonly durable: readonly string[];
    }
  /** The tools that the model can use now. */
  | { readonly type: "tools-active"; readonly names: readonly string[] }
  /** A turn began with the message. */
  | { readonly type: "accepted"; readonly id: string }
  /** The message is in the conversation for good. */
  | { readonly type: "durable"; readonly id: string }
  /** The message could not be taken now. */
  | { readonly type: "refused"; readonly id: string; readonly reason: string }
  /** The model calls a tool. */
  | { readonly type: "call"; readonly id: string; readonly tool: string; readonly args: Json }
  /** The model waits for the call no longer. */
  | { readonly type: "cancel"; readonly id: string }
  /** Something happened inside the harness. */
  | { readonly type: "event"; readonly event: AgentWireEvent }
  /** The answer to a ping. */
  | { readonly type: "pong"; readonly id: number }
  /** The harness ends by itself. */
  | { readonly type: "bye"; readonly reason: string };

/** The events inside the harness. Their names are the harness-neutral ones of `agent.events`. */
export type AgentWireEvent =
  /** A turn of the model begins. */
  | { readonly type: "turn-started" }
  /** A turn of the model is over. */
  | TurnEndedEvent
  /** A run of turns is over and nothing runs; `messageIds` are the sends that it answered. */
  | { readonly type: "idle"; readonly messageIds: readonly string[] }
  /** A message stands in the conversation; `origin` says who wrote it. */
  | Readonly<{ type: "message"; role: string; text: string; origin: string }>
  /** A tool begins to run, also one of the harness itself. */
  | Readonly<{ type: "tool-started"; id: string; tool: string; args: Json }>
  /** A tool has ended, and the model has its result. */
  | Readonly<{ type: "tool-ended"; id: string; tool: string; failed: boolean }>
  /** The tokens and the cost of one reply, as the harness counts them. */
  | { readonly type: "usage"; readonly usage: JsonObject }
  /** The model writes: so many pieces of its reply have come. Sent now and then, for the watch over progress. */
  | { readonly type: "tokens"; readonly pieces: number }
  /** A person began or opened another conversation. */
  | { readonly type: "session-replaced"; readonly reason: string }
  /** Another model is in use from now on. */
  | Readonly<{ type: "model-changed"; model?: string | undefined; ready: boolean }>;

export interface TurnEndedEvent {
  readonly type: "turn-ended";
  readonly stopReason: string;
  readonly text: string;
  /** The reason why the model did not answer. */
  readonly error?: string | undefined;
  /** The HTTP status of its provider's last answer. */
  readonly status?: number | undefined;
  /** The wait that the provider asks for, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/** The frames that the runtime sends. */
export type ToAgent =
  /** The hello is accepted. */
  | { readonly type: "welcome"; readonly protocol: number }
  /** The tools of the program, in place of all earlier ones. */
  | { readonly type: "tools"; readonly tools: readonly ToolDescription[] }
  /** A message for the model. */
  | Readonly<{ type: "send"; id: string; text: string; deliver: Deliver }>
  /** News of a call that still runs. */
  | { readonly type: "progress"; readonly id: string; readonly text: string }
  /** The answer to a call: exactly one of `text` and `error`. */
  | {
      readonly type: "result";
      readonly id: string;
      readonly text?: string | undefined;
      readonly error?: string | undefined;
      /** End the turn without asking the model again. */
      readonly terminate?: boolean | undefined;
    }
  /** End the turn that runs. */
  | { readonly type: "interrupt" }
  /** End the harness. */
  | { readonly type: "shutdown" }
  /** Answer with a pong of the same id. */
  | { readonly type: "ping"; readonly id: number };

/** WebSocket close codes of the bridge; 44xx are final for a link's maker, others are worth a reconnect. */
export const closeCodes = {
  badHello: 4400,
  badToken: 4401,
  staleEpoch: 4409,
  badFrame: 4422,
  replaced: 4410,
  ended: 4411,
  slowReader: 1013,
} as const;

/** The longest wait that a provider may ask for; a longer one is taken as this. */
export const longestRetryAfterMs = 7 * 86_400_000;

/** The most that one frame may hold, in bytes of UTF-8. */
export const maxFrameBytes = 1_048_576;

/** Read what an agent's bridge sent. Throws BadFrameError. */
export const parseFromAgent = (text: string): FromAgent => parseFrame(text, fromAgent);

/** Read what the runtime sent. Throws BadFrameError. */
export const parseToAgent = (text: string): ToAgent => parseFrame(text, toAgent);

/** Write a frame as text. Throws BadFrameError when it is too big to be sent. */
export function frameText(frame: FromAgent | ToAgent): string {
  const text = JSON.stringify(frame);
  if (tooBig(text)) throw new BadFrameError(`a ${frame.type} frame over ${maxFrameBytes} bytes`);
  return text;
}

function parseFrame<Frame>(text: string, readers: Readers<Frame>): Frame {
  if (tooBig(text)) throw new BadFrameError(`over ${maxFrameBytes} bytes`);
  return dispatch(readers, json(parseJson(text)), "");
}

function tooBig(text: string): boolean {
  if (text.length * 3 <= maxFrameBytes) return false;
  return text.length > maxFrameBytes || new TextEncoder().encode(text).length > maxFrameBytes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadFrameError("not JSON");
  }
}

const jsonObject: Reader<JsonObject> = (value, at) => record(value, at) as JsonObject;
/** Past `json` over the whole frame, whatever is there is JSON; only its absence is wrong. */
const anyJson = check((value): value is Json => value !== undefined, "there");
const text = string(maxFrameBytes);
const id = string(1_024, 1);
const word = string(256, 1);
const boolean = check((value): value is boolean => typeof value === "boolean", "a boolean");
const count = check(
  (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0,
  "a whole number",
);

const events = union<AgentWireEvent>({
  "turn-started": {},
  "turn-ended": {
    stopReason: word,
    text,
    error: optional(text),
    status: optional(count),
    retryAfterMs: optional(count),
  },
  idle: { messageIds: list(id) },
  message: { role: word, text, origin: word },
  "tool-started": { id, tool: word, args: anyJson },
  "tool-ended": { id, tool: word, failed: boolean },
  usage: { usage: jsonObject },
  tokens: { pieces: count },
  "session-replaced": { reason: word },
  "model-changed": { model: optional(word), ready: boolean },
});

const path = string(4_096, 1);
const fromAgent = union<FromAgent>({
  hello: {
    protocol: count,
    token: string(256, 1),
    path,
    epoch: count,
    harness: word,
    harnessVersion: optional(word),
    pid: count,
    capabilities: object<Capabilities>({ liveTools: boolean, settled: boolean }),
    session: object<Conversation>({ id, file: optional(path) }),
    model: optional(word),
    modelReady: boolean,
    durable: list(id),
  },
  "tools-active": { names: list(word) },
  accepted: { id },
  durable: { id },
  refused: { id, reason: text },
  call: { id, tool: word, args: anyJson },
  cancel: { id },
  event: { event: (value, at) => dispatch(events, value, at) },
  pong: { id: count },
  bye: { reason: string(1_024) },
});

const toAgent = union<ToAgent>({
  welcome: { protocol: count },
  tools: {
    tools: list(object<ToolDescription>({ name: word, description: text, parameters: jsonObject })),
  },
  send: { id, text, deliver: oneOf<Deliver>("follow-up", "steer") },
  progress: { id, text },
  result: { id, text: optional(text), error: optional(text), terminate: optional(boolean) },
  interrupt: {},
  shutdown: {},
  ping: { id: count },
});
