import { RamureError } from "../../errors.ts";

/** An agent's outbox did not take a message. */
export class MessageRefusedError extends RamureError {
  readonly code = "message-refused";
}

/** An agent did not come up. */
export class AgentStartError extends RamureError {
  readonly code = "agent-start";
}

/** An agent has no model to think with, or no login for it. */
export class ModelMissingError extends RamureError {
  readonly code = "model-missing";
  override readonly retryable = false;
  constructor(path: string, harness: string, model: string | undefined) {
    super(
      model
        ? `${path}: there is no login or key for the model ${model}; run ${harness} on its machine and log in, or configure a key there.`
        : `${path}: ${harness} has no model configured; give the agent a model ("provider/id"), or run ${harness} on its machine, log in and choose one.`,
    );
  }
}

/** An agent's process has ended, or cannot be reached any more. */
export class AgentLostError extends RamureError {
  readonly code = "agent-lost";
}

/** An agent was at work and nothing came of it. */
export class AgentStuckError extends RamureError {
  readonly code = "agent-stuck";
  override readonly retryable: boolean;
  constructor(path: string, afterMs: number, retryable: boolean) {
    super(
      `${path} has shown no progress for ${afterMs} ms; look at its terminal, or raise progress.stuckAfterMs.`,
    );
    this.retryable = retryable;
  }
}

/** A model did not answer, and asking again does not help or was tried often enough. */
export class ModelFailedError extends RamureError {
  readonly code = "model-failed";
  override readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  constructor(path: string, model: string | undefined, failure: FailedModel) {
    const next = failure.retryable
      ? "it was asked again and again; look whether its provider is up"
      : `asking again will not help; ${modelRemedies[failure.class] ?? "look at its settings"}`;
    super(
      `The model ${model ?? ""} of ${path} fails (${failure.class}), ${next}. It said: ${failure.said.slice(0, 500)}`,
    );
    this.retryable = failure.retryable;
    this.retryAfterMs = failure.retryAfterMs;
  }
}

/** An agent has ended for good; what was waited for will not come. */
export class AgentEndedError extends RamureError {
  readonly code = "agent-ended";
  override readonly retryable = false;
  constructor(path: string, why: string) {
    super(`${path} has ended (${why}); start another agent to go on.`);
  }
}

/** A value given to a tool or an endpoint does not fit its schema. */
export class InvalidInputError extends RamureError {
  readonly code = "invalid-input";
  override readonly retryable = false;
  constructor(
    what: string,
    /** The problems, as `path: message`. */
    readonly issues: readonly string[],
  ) {
    super(`${what} cannot take this input:\n${issues.join("\n")}`);
  }
}

/** A Unix socket cannot be made there, or not so that other users are kept out. */
export class UnsafeSocketError extends RamureError {
  readonly code = "unsafe-socket";
  override readonly retryable = false;
  constructor(path: string, why: string, options?: { readonly cause?: unknown }) {
    super(`Cannot listen on ${path}: ${why}; set RAMURE_HOME to a private directory.`, options);
  }
}

const modelRemedies: Readonly<Record<string, string>> = {
  "no-key": "look at its key or login",
  "no-credit": "look at its credit and its quota",
  "too-long": "its conversation does not fit: begin a new one, or choose a model that holds more",
  refused: "what it was asked, or has read, is refused: change that, and begin a new conversation",
  rejected: "look at the model's name and its settings",
  unknown: "it was asked again and again; look at what it said",
};

interface FailedModel {
  readonly class: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly said: string;
}
