import { isRecord, parsedJson } from "../../data/index.ts";
import type { Json, JsonObject } from "../wire/index.ts";

/** One message of the conversation that the model is sent. */
export interface ModelMessage {
  /** `system`, `user`, `assistant` or `tool`. */
  readonly role: string;
  readonly text: string;
  /** The tools that the assistant called in it. */
  readonly calls: readonly { readonly id: string; readonly tool: string; readonly args: Json }[];
  /** The call that a `tool` message answers. */
  readonly callId?: string | undefined;
}

/** A request to the model. */
export interface ModelRequest {
  /** Counts the requests, from 0. */
  readonly index: number;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly { readonly name: string; readonly parameters: JsonObject }[];
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** Read the body of a chat completions request; what is missing counts as empty. */
export function readModelRequest(body: string, index: number, signal: AbortSignal): ModelRequest {
  const request = fieldsOf(parsedJson(body));
  return {
    index,
    signal,
    messages: itemsOf(request.messages).map(readMessage),
    tools: itemsOf(request.tools).map(readTool),
  };
}

function readMessage(value: unknown): ModelMessage {
  const message = fieldsOf(value);
  return {
    role: textOf(message.role),
    text: contentOf(message.content),
    calls: itemsOf(message.tool_calls).map(readCall),
    callId: message.tool_call_id === undefined ? undefined : textOf(message.tool_call_id),
  };
}

function readCall(value: unknown): ModelMessage["calls"][number] {
  const call = fieldsOf(value);
  const made = fieldsOf(call.function);
  // Safe cast: JSON.parse gives JSON.
  const args = (parsedJson(textOf(made.arguments)) ?? null) as Json;
  return { id: textOf(call.id), tool: textOf(made.name), args };
}

function readTool(value: unknown): ModelRequest["tools"][number] {
  const described = fieldsOf(fieldsOf(value).function);
  return { name: textOf(described.name), parameters: fieldsOf(described.parameters) };
}

function contentOf(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content.map((part) => textOf(fieldsOf(part).text)).join("");
}

/** Safe cast: the value is a part of what JSON.parse gave. */
function fieldsOf(value: unknown): JsonObject {
  return isRecord(value) ? (value as JsonObject) : {};
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
