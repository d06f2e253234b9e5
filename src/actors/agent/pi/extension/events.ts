import type { AgentWireEvent, Json, JsonObject } from "../../wire/index.ts";
import { type Later, type PiContext, type PiEvent, type PiMessage, textOfMessage } from "./pi.ts";
import type { ProviderEar } from "./provider.ts";

const maxText = 200_000;
const maxArgs = 20_000;

/** Make the event of a turn that ended. */
export function turnEnded(message: PiMessage | undefined, ear: ProviderEar): AgentWireEvent {
  const error = message?.errorMessage;
  return {
    type: "turn-ended",
    stopReason: (stopReasonOf(message) ?? "unknown").slice(0, 200) || "unknown",
    text: message ? textOfMessage(message).slice(0, maxText) : "",
    ...(error === undefined ? {} : { error: error.slice(0, maxText), ...ear.of(error) }),
  };
}

/** Give the reason why the last turn of a run ended. */
export function lastStopReason(messages: readonly PiMessage[] = []): string | undefined {
  return stopReasonOf(messages.findLast(({ role }) => role === "assistant"));
}

/**
 * Give the stop reason of a message. Newer pis call a request that was aborted before it left an
 * error; it is no failure.
 */
function stopReasonOf(message: PiMessage | undefined): string | undefined {
  const { stopReason, errorMessage = "" } = message ?? {};
  return stopReason === "error" && calledOff.test(errorMessage) ? "aborted" : stopReason;
}

/**
 * The very words of a signal that was aborted, and no others: a connection that broke is a failure.
 */
const calledOff = /^(this operation|the operation|request) was aborted\.?$/i;

export function userMessage(text: string, origin: string): AgentWireEvent {
  return { type: "message", role: "user", text: text.slice(0, maxText), origin };
}

export function toolStarted({ toolCallId, toolName, args }: PiEvent): AgentWireEvent {
  const [id, tool] = [toolCallId ?? "unknown", toolName ?? "unknown"];
  return { type: "tool-started", id, tool, args: shortArgs(args) };
}

export function toolEnded({ toolCallId, toolName, isError }: PiEvent): AgentWireEvent {
  const [id, tool] = [toolCallId ?? "unknown", toolName ?? "unknown"];
  return { type: "tool-ended", id, tool, failed: isError === true };
}

/** Tokens and cost of one reply of the model, as far as pi tells. */
export function usageOf({ usage }: PiMessage): AgentWireEvent | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const plain: JsonObject = JSON.parse(JSON.stringify(usage));
  return { type: "usage", usage: plain };
}

/** The provider of pi's placeholder when pi knows no model at all. */
const noProvider = "unknown";

/** The model in use and whether there is a login for it. */
export function modelOf(context: PiContext): { readonly model?: string; readonly ready: boolean } {
  const { model, modelRegistry } = context;
  if (!model || model.provider === noProvider) return { ready: false };
  const ready = modelRegistry.hasConfiguredAuth?.(model) ?? true;
  return { model: `${model.provider}/${model.id}`.slice(0, 256), ready };
}

/** Arguments of a tool may hold a whole file; a story needs only the beginning. */
function shortArgs(args: unknown): Json {
  const text = JSON.stringify(args ?? null);
  if (text.length > maxArgs) return { cut: text.slice(0, maxArgs) };
  const json: Json = JSON.parse(text);
  return json;
}

const everyMs = 5_000;

/**
 * Reports now and then that a reply comes in, however long it is: without this a slow model looks
 * stuck.
 */
export class TokenReport {
  readonly #later: Later;
  readonly #tell: (pieces: number) => void;
  #pieces = 0;
  #isQuiet = false;

  constructor(later: Later, tell: (pieces: number) => void) {
    this.#later = later;
    this.#tell = tell;
  }

  /** Take in that more of the reply came. */
  came(): void {
    this.#pieces += 1;
    if (this.#isQuiet) return;
    this.#isQuiet = true;
    this.#tell(this.#pieces);
    this.#later(everyMs, () => {
      this.#isQuiet = false;
    });
  }

  /** Take in that a message is complete. */
  ended(): void {
    this.#pieces = 0;
  }
}
