import { idsOf } from "../../../ids.ts";
import type { Deliver, Json, ToolDescription } from "../wire/index.ts";

/** A message that the agent was sent. */
export interface ScriptedMessage {
  readonly id: string;
  readonly text: string;
  readonly deliver: Deliver;
}

/** The text of the model's provider when it did not answer. */
export interface ModelFailureFacts {
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The agent as its script plays it, in place of a model. */
export interface ScriptedAgent {
  readonly name: string;
  readonly path: string;
  readonly epoch: number;
  /** True when it continues the conversation of an earlier epoch. */
  readonly resumed: boolean;
  readonly systemPrompt: string | undefined;
  readonly model: string | undefined;
  /** The tools that it has now. */
  readonly tools: readonly ToolDescription[];
  /** Aborts at its end. */
  readonly signal: AbortSignal;
  /** The messages to the agent, in order, steers first. Asking for the next one ends the turn. */
  readonly messages: AsyncIterable<ScriptedMessage>;
  /** End the turn and wait for the next message. */
  next(): Promise<ScriptedMessage>;
  /** Say something; all that is said in a turn is the turn's text. */
  say(text: string): void;
  /** Call a tool. Resolves with what the model would read; rejects with a ScriptedToolError when that is an error. */
  call(tool: string, args?: Json): Promise<string>;
  /** Take time, on the harness's clock. */
  sleep(ms: number): Promise<void>;
  /** End the turn as a model does that does not answer. */
  failModel(error: string, facts?: ModelFailureFacts): void;
  /** End the process as a crash would. */
  crash(detail?: string): never;
  /** Lose the link to the runtime for so long, as a network does. */
  cutLink(ms: number): void;
}

/** A tool answered with an error; the message is what the model reads. */
export class ScriptedToolError extends Error {
  readonly code = "scripted-tool";
}

/** The turn was interrupted. A script that lets this error pass is called again for the next message. */
export class InterruptedError extends Error {
  readonly code = "interrupted";
}

const newSessionId = idsOf(12);

/** A conversation that outlives the agents that hold it. */
export class ScriptedSession {
  readonly id = newSessionId();
  readonly #messageIds = new Set<string>();
  #calls = 0;

  get messageIds(): readonly string[] {
    return [...this.#messageIds];
  }

  has(messageId: string): boolean {
    return this.#messageIds.has(messageId);
  }

  /** Keep a message for good. False: it is there already. */
  add(messageId: string): boolean {
    if (this.#messageIds.has(messageId)) return false;
    this.#messageIds.add(messageId);
    return true;
  }

  newCallId(): string {
    this.#calls += 1;
    return `${this.id}-${this.#calls}`;
  }
}
