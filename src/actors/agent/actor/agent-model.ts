import { type Context, errorExit } from "../../kernel/index.ts";
import { ModelFailedError } from "../errors.ts";
import type { TurnEndedEvent } from "../wire/index.ts";
import type { AgentMessage } from "./agent-message.ts";
import type { AgentSpec } from "./agent-spec.ts";
import { type ModelFailure, modelFailure } from "./model-failure.ts";
import { createProviderBackoffs, type ProviderBackoffs, providerOf } from "./provider-backoff.ts";

/**
 * The number of turns in a row that may end without an answer of the model before the agent fails.
 */
const maxConsecutive = 8;

const goOn = "The model did not answer for a while; now it does. Go on where you were.";

/**
 * Tell whether a restart may help. A failure that nobody knows to pass would be repeated, and paid
 * for, without end.
 */
function isWorthRestart({ class: kind, retryable }: ModelFailure): boolean {
  return retryable && kind !== "unknown";
}

/**
 * Deals with a model that does not answer: it waits and has the turn begun again, or it ends the agent.
 *
 * A wait is not a restart: the agent keeps its process and its conversation, and no message is
 * handed to it meanwhile. All agents of a run wait for the same provider together.
 */
export class ModelTrouble {
  readonly #spec: AgentSpec;
  readonly #context: Context<AgentMessage>;
  readonly #providers: ProviderBackoffs;
  #failures = 0;
  /** The error of the last turn; undefined when the model answered. */
  #error: TurnEndedEvent | undefined;
  #isWaiting = false;

  constructor(spec: AgentSpec, context: Context<AgentMessage>) {
    this.#spec = spec;
    this.#context = context;
    this.#providers = spec.providers ?? createProviderBackoffs({ clock: context.clock });
  }

  /** True while the agent's turn waits for the model to answer again. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Take in how a turn ended. */
  turnEnded(event: TurnEndedEvent): void {
    this.#error = event.stopReason === "error" ? event : undefined;
    if (event.stopReason === "error" || event.stopReason === "aborted") return;
    this.#failures = 0;
    this.#providers.succeeded(this.#provider);
    this.callOff();
  }

  /** Take in that nothing runs any more. Returns whether the turn is still to be done. */
  rested(): boolean {
    const failed = this.#error;
    this.#error = undefined;
    if (failed === undefined) return this.#isWaiting;
    const wallNow = this.#context.clock.wallNow();
    const failure = modelFailure({ ...failed, error: failed.error ?? "" }, wallNow);
    this.#failures += 1;
    if (failure.retryable && this.#failures <= maxConsecutive) this.#wait(failure, failed);
    else this.#giveUp(isWorthRestart(failure) ? failure : { ...failure, retryable: false }, failed);
    return true;
  }

  /** Begin the turn again after the wait, unless another agent found out that it is too early. */
  retry(): void {
    if (!this.#isWaiting) return;
    if (this.#providers.waitMs(this.#provider) > 0) {
      this.#later(this.#providers.lookAgainMs(this.#provider));
      return;
    }
    this.#isWaiting = false;
    this.#spec.memory.outbox.note(goOn);
  }

  /** Do not begin it again. */
  callOff(): void {
    this.#isWaiting = false;
    this.#context.timers.cancel("model-retry");
  }

  /** Tell whether a new turn would meet a provider that fails; `provider-over` comes when the wait is over. */
  holdsDelivery(): boolean {
    if (this.#isWaiting) return true;
    if (this.#spec.memory.busy || this.#providers.waitMs(this.#provider) === 0) return false;
    const lookMs = this.#providers.lookAgainMs(this.#provider);
    this.#context.timers.after("provider", lookMs, { type: "provider-over" });
    return true;
  }

  get #provider(): string {
    return providerOf(this.#spec.memory.facts.model ?? this.#spec.model);
  }

  #wait(failure: ModelFailure, { error = "" }: TurnEndedEvent): void {
    const { memory } = this.#spec;
    const { class: kind, retryable, retryAfterMs } = failure;
    const delayMs = Math.round(
      this.#providers.failed(this.#provider, { failures: this.#failures, retryAfterMs }),
    );
    const [attempt, of] = [this.#failures, maxConsecutive];
    const data = { class: kind, retryable, retryAfterMs, delayMs, attempt, of, message: error };
    memory.emit("model-failed", data);
    memory.standing.move({ type: "model-waits" }, `the model fails (${kind}); it is asked again`);
    this.#isWaiting = true;
    this.#later(delayMs);
  }

  #later(delayMs: number): void {
    this.#context.timers.after("model-retry", delayMs, { type: "model-retry" });
  }

  #giveUp(failure: ModelFailure, { error = "" }: TurnEndedEvent): void {
    const { memory, path } = this.#spec;
    const { class: kind, retryable, retryAfterMs } = failure;
    const attempt = this.#failures;
    const data = { class: kind, retryable, retryAfterMs, attempt, of: maxConsecutive };
    memory.emit("model-failed", { ...data, message: error });
    const thrown = new ModelFailedError(path, memory.facts.model, { ...failure, said: error });
    this.#context.exit({ ...errorExit(thrown, "model"), stack: undefined });
  }
}
