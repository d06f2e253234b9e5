/*
 * The frames between an agent's bridge (in the agent's own process, perhaps far away) and the runtime.
 * Plain JSON, one frame a WebSocket message. This file imports nothing: it is bundled into the extension.
 */

export const protocolVersion = 1;

/** The agent's side of one tool: what the model is told. */
export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object schema. */
  readonly parameters: JsonObject;
}

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export type Deliver = "follow-up" | "steer";

export interface Capabilities {
  /** A tool that is added while a turn runs can be used in that turn. */
  readonly liveTools: boolean;
  /** The harness tells when it is truly idle. */
  readonly settled: boolean;
}

/** What the agent's side says. */
export type FromAgent =
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
      readonly session: { readonly id: string; readonly file?: string | undefined };
      /** The model in use, `provider/id`; absent: none is configured. */
      readonly model?: string | undefined;
      /** Whether there is a login or key for that model. */
      readonly modelReady: boolean;
      /** Message ids that are already in the conversation for good. */
      readonly durable: readonly string[];
    }
  | { readonly type: "tools-active"; readonly names: readonly string[] }
  | { readonly type: "accepted"; readonly id: string }
  | { readonly type: "durable"; readonly id: string }
  | { readonly type: "refused"; readonly id: string; readonly reason: string }
  | { readonly type: "call"; readonly id: string; readonly tool: string; readonly args: Json }
  | { readonly type: "cancel"; readonly id: string }
  | { readonly type: "event"; readonly event: AgentWireEvent }
  | { readonly type: "pong"; readonly id: number }
  | { readonly type: "bye"; readonly reason: string };

/** What happens inside the harness. The names are the harness-neutral ones of `agent.events`. */
export type AgentWireEvent =
  | { readonly type: "turn-started" }
  | {
      readonly type: "turn-ended";
      readonly stopReason: string;
      readonly text: string;
      readonly error?: string | undefined;
    }
  /** Nothing runs and nothing is queued; `messageIds` are the sends that this run of turns answered. */
  | { readonly type: "idle"; readonly messageIds: readonly string[] }
  | {
      readonly type: "message";
      readonly role: string;
      readonly text: string;
      readonly origin: string;
    }
  | {
      readonly type: "tool-started";
      readonly id: string;
      readonly tool: string;
      readonly args: Json;
    }
  | {
      readonly type: "tool-ended";
      readonly id: string;
      readonly tool: string;
      readonly failed: boolean;
    }
  | { readonly type: "usage"; readonly usage: JsonObject }
  | { readonly type: "session-replaced"; readonly reason: string }
  | {
      readonly type: "model-changed";
      readonly model?: string | undefined;
      readonly ready: boolean;
    };

/** What the runtime says. */
export type ToAgent =
  | { readonly type: "welcome"; readonly protocol: number }
  | { readonly type: "tools"; readonly tools: readonly ToolDescription[] }
  | {
      readonly type: "send";
      readonly id: string;
      readonly text: string;
      readonly deliver: Deliver;
    }
  | {
      readonly type: "progress";
      readonly id: string;
      readonly text: string;
    }
  | {
      readonly type: "result";
      readonly id: string;
      readonly text?: string | undefined;
      readonly error?: string | undefined;
      /** End the turn without asking the model again. */
      readonly terminate?: boolean | undefined;
    }
  | { readonly type: "interrupt" }
  | { readonly type: "shutdown" }
  | { readonly type: "ping"; readonly id: number };

/** WebSocket close codes of the bridge. */
export const closeCodes = {
  badHello: 4400,
  badToken: 4401,
  staleEpoch: 4409,
  badFrame: 4422,
  replaced: 4410,
  ended: 4411,
  slowReader: 1013,
} as const;
