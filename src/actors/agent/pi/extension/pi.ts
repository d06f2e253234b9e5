import type { JsonObject } from "../../wire/index.ts";

/*
 * What the extension uses of pi's API, in types of our own: pi's packages have other names in other
 * versions, so nothing of them is imported, not even a type. Optional is what old versions lack.
 */

export interface PiMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly stopReason?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly usage?: unknown;
}

export interface PiEntry {
  readonly type: string;
  readonly message?: PiMessage & { readonly ramureId?: unknown };
  readonly customType?: string | undefined;
  readonly data?: unknown;
}

export interface PiModel {
  readonly provider: string;
  readonly id: string;
}

export interface PiContext {
  readonly model: PiModel | undefined;
  readonly modelRegistry: { hasConfiguredAuth?(model: PiModel): boolean };
  readonly sessionManager: {
    getSessionId(): string;
    getSessionFile(): string | undefined;
    getEntries(): readonly PiEntry[];
  };
  readonly ui: {
    setStatus(key: string, text: string | undefined): void;
    getEditorText?(): string;
    setEditorText?(text: string): void;
  };
  isIdle(): boolean;
  hasPendingMessages(): boolean;
  abort(): void;
  shutdown(): void;
  getContextUsage?():
    | { readonly tokens: number | null; readonly contextWindow: number }
    | undefined;
}

export interface PiToolResult {
  readonly content: readonly { readonly type: "text"; readonly text: string }[];
  readonly details: object;
  readonly terminate?: boolean | undefined;
}

export interface PiTool {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly promptSnippet: string;
  readonly parameters: JsonObject;
  execute(
    id: string,
    args: unknown,
    signal: AbortSignal | undefined,
    onUpdate: ((partial: PiToolResult) => void) | undefined,
  ): Promise<PiToolResult>;
}

/** The fields of pi's events that are read here; each event has some of them. */
export interface PiEvent {
  readonly reason?: string;
  readonly source?: string;
  readonly text?: string;
  readonly systemPrompt?: string;
  readonly message?: PiMessage;
  readonly messages?: readonly PiMessage[];
  readonly toolCallId?: string;
  readonly toolName?: string;
  readonly args?: unknown;
  readonly isError?: boolean;
  readonly model?: PiModel;
  readonly signal?: AbortSignal;
}

export interface Pi {
  on(event: string, handler: (event: PiEvent, context: PiContext) => unknown): void;
  registerTool(tool: PiTool): void;
  getActiveTools(): string[];
  setActiveTools(names: string[]): void;
  sendUserMessage(text: string, options: { readonly deliverAs: "steer" | "followUp" }): void;
  sendMessage(
    message: { readonly customType: string; readonly content: string; readonly display: boolean },
    options: { readonly triggerTurn: boolean },
  ): void;
  appendEntry(type: string, data: object): void;
}

/** The text parts of a message, joined. */
export function textOfMessage(message: PiMessage): string {
  const { content } = message;
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map(textOfPart).join("") : "";
}

function textOfPart(part: unknown): string {
  const isText = typeof part === "object" && part !== null && "type" in part && "text" in part;
  return isText && part.type === "text" && typeof part.text === "string" ? part.text : "";
}

/* The extension's only clock: it runs in pi's process, where none of ramure's is. */

/** Call back once, `delayMs` from now. Returns how to call it off. Never keeps pi alive. */
export function later(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

/** The time of day, in ms since 1970. */
export function wallNow(): number {
  return Date.now();
}

export type Later = typeof later;
