import { type Context, errorExit } from "../../kernel/index.ts";
import { AgentStuckError } from "../errors.ts";
import type { AgentMessage } from "./agent-message.ts";
import { type AgentSpec, type FilledLimits, filledLimits } from "./agent-spec.ts";

export type StuckStep =
  /** The agent gets a message. */
  | "nudge"
  /** The turn is interrupted. */
  | "interrupt"
  /** The agent ends and is restarted. */
  | "restart"
  /** The agent ends, and no restart would help. */
  | "fail";

/** The life that a ProgressWatch looks after. */
export interface Watched {
  /** Tell whether the agent waits for something with a limit of its own: a handler, the model's provider, its link. */
  isExcused(): boolean;
  interrupt(): void;
}

/**
 * Takes step after step while an agent works without progress: a nudge, an interrupt, a restart, the
 * end. Each step is an event, `stuck {step, afterMs}`. Work of the model leads back to the first step.
 */
export class ProgressWatch {
  readonly #spec: AgentSpec;
  readonly #context: Context<AgentMessage>;
  readonly #watched: Watched;
  /** Undefined: the agent never counts as stuck. */
  readonly #limits: FilledLimits | undefined;
  /** The tools that run, as the harness tells. */
  readonly #tools = new Set<string>();
  #taken: "nudge" | "interrupt" | undefined;
  #progressAt = 0;
  #stepAt = 0;
  #isArmed = false;

  constructor(spec: AgentSpec, context: Context<AgentMessage>, watched: Watched) {
    const { progress = {} } = spec;
    this.#spec = spec;
    this.#context = context;
    this.#watched = watched;
    this.#limits = progress === false ? undefined : filledLimits(progress);
  }

  /** Take in that a turn began. */
  turnStarted(): void {
    this.heard();
    this.#arm();
  }

  /** Take in that a tool of the harness runs. */
  toolStarted(id: string): void {
    this.#tools.add(id);
    this.worked();
  }

  /** Take in that a tool of the harness is over. */
  toolEnded(id: string): void {
    this.#tools.delete(id);
    this.worked();
  }

  /** Take in something that only a model that answers brings about. */
  worked(): void {
    this.#spec.memory.stuckRestarts = 0;
    this.#taken = undefined;
    this.#note();
  }

  /** Take in something else that the harness told. */
  heard(): void {
    if (this.#taken === undefined) this.#note();
  }

  /** Take in that no turn runs. A turn that this watch interrupted continues; one that a person interrupted does not. */
  rested(): void {
    this.#tools.clear();
    if (this.#taken === "interrupt") this.#say(againText);
    else this.#taken = undefined;
    if (this.#taken === undefined) this.#note();
  }

  /** Tell whether this watch interrupted the turn that ends, so that it is to continue. */
  get brokeOff(): boolean {
    return this.#taken === "interrupt";
  }

  /** Take the next step if its time has come. */
  due(): void {
    this.#isArmed = false;
    const { state } = this.#spec.memory;
    if (this.#taken === undefined && state === "idle") return;
    if (this.#watched.isExcused()) this.#note();
    const leftMs = this.#stepAt + this.#limitMs - this.#context.clock.now();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#step();
  }

  get #limitMs(): number {
    const { stuckAfterMs, nudgeMs, interruptMs, restartMs, toolMs } =
      this.#limits ?? filledLimits({});
    if (this.#taken === "nudge") return nudgeMs;
    if (this.#taken === "interrupt") return interruptMs;
    const ground = this.#spec.memory.stuckRestarts > 0 ? restartMs : stuckAfterMs;
    return this.#tools.size > 0 ? Math.max(ground, toolMs) : ground;
  }

  #step(): void {
    if (this.#taken === "nudge") this.#interrupt();
    else if (this.#taken === "interrupt") this.#end("restart");
    else if (this.#spec.memory.stuckRestarts > 0) this.#end("fail");
    else this.#nudge();
  }

  #nudge(): void {
    this.#tell("nudge");
    this.#taken = "nudge";
    this.#say(nudgeText);
    this.#next();
  }

  #interrupt(): void {
    this.#tell("interrupt");
    this.#taken = "interrupt";
    this.#watched.interrupt();
    this.#next();
  }

  #end(step: "restart" | "fail"): void {
    const { memory, path } = this.#spec;
    this.#tell(step);
    memory.stuckRestarts = step === "restart" ? memory.stuckRestarts + 1 : 0;
    const error = new AgentStuckError(path, this.#afterMs, step === "restart");
    this.#context.exit({ ...errorExit(error, "stuck"), stack: undefined });
  }

  #tell(step: StuckStep): void {
    this.#spec.memory.emit("stuck", { step, afterMs: this.#afterMs });
  }

  get #afterMs(): number {
    return Math.round(this.#context.clock.now() - this.#progressAt);
  }

  #next(): void {
    this.#stepAt = this.#context.clock.now();
    this.#arm();
  }

  #arm(delayMs = this.#limitMs): void {
    if (this.#isArmed || this.#limits === undefined) return;
    this.#isArmed = true;
    this.#context.timers.after("progress", delayMs, { type: "progress-due" });
  }

  #note(): void {
    this.#stepAt = this.#context.clock.now();
    if (this.#taken === undefined) this.#progressAt = this.#stepAt;
  }

  #say(text: string): void {
    // The message is refused when the agent has ended or has a thousand messages waiting; then nobody needs it.
    this.#spec.memory.outbox.enqueue(text, "steer").catch(() => {});
  }
}

const nudgeText =
  "Nothing has come of your work for a while. If you wait for something that does not come, stop waiting and go on in another way; if you are done, say so with your tools.";
const againText =
  "Your turn was broken off, because nothing had come of it for a while. Go on with your task in another way.";
