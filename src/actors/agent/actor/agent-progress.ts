import { type Context, errorExit } from "../../kernel/index.ts";
import { AgentStuckError } from "../errors.ts";
import type { AgentWireEvent } from "../wire/index.ts";
import type { AgentMessage } from "./agent-message.ts";
import { type AgentSpec, type FilledLimits, filledLimits } from "./agent-spec.ts";

export type StuckStep = "nudge" | "interrupt" | "restart" | "fail";

/** What the watch asks of the incarnation that it watches. */
export interface Watched {
  /** It waits for something that has a limit of its own: a handler, the model's provider, its link. */
  isExcused(): boolean;
  interrupt(): void;
}

/**
 * Climbs a ladder while an agent works and nothing comes of it: a nudge, an interrupt, a restart, the
 * end. Each step is an event, `stuck {step, afterMs}`; what the model does leads back to the ground.
 */
export class ProgressWatch {
  readonly #spec: AgentSpec;
  readonly #context: Context<AgentMessage>;
  readonly #watched: Watched;
  readonly #limits: FilledLimits | undefined;
  /** Tools that run, as the harness tells. */
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

  /** Take in what the harness told. */
  happened(event: AgentWireEvent): void {
    if (this.#limits === undefined) return;
    if (event.type === "tool-started") this.#tools.add(event.id);
    if (event.type === "tool-ended") this.#tools.delete(event.id);
    if (event.type === "idle") this.#rested();
    else if (isWork(event)) this.#worked();
    else if (this.#taken === undefined) this.#note();
    if (event.type === "turn-started") this.#arm();
  }

  /** The turn that ends was broken off by this watch, and is gone on with. */
  get brokeOff(): boolean {
    return this.#taken === "interrupt";
  }

  /** The time of a step may be over. */
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
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#context.timers.after("progress", delayMs, { type: "progress-due" });
  }

  #note(): void {
    this.#stepAt = this.#context.clock.now();
    if (this.#taken === undefined) this.#progressAt = this.#stepAt;
  }

  #worked(): void {
    this.#spec.memory.stuckRestarts = 0;
    this.#taken = undefined;
    this.#note();
  }

  /** What we broke off is to be gone on with; what a person broke off is not. */
  #rested(): void {
    this.#tools.clear();
    if (this.#taken === "interrupt") this.#say(againText);
    else this.#taken = undefined;
    if (this.#taken === undefined) this.#note();
  }

  #say(text: string): void {
    // It is refused when the agent has ended or has a thousand messages waiting: then it is not needed.
    this.#spec.memory.outbox.enqueue(text, "steer").catch(() => {});
  }
}

const nudgeText =
  "Nothing has come of your work for a while. If you wait for something that does not come, stop waiting and go on in another way; if you are done, say so with your tools.";
const againText =
  "Your turn was broken off, because nothing had come of it for a while. Go on with your task in another way.";

/** What only a model that answers brings about. */
function isWork(event: AgentWireEvent): boolean {
  if (event.type === "turn-ended") return !["error", "aborted"].includes(event.stopReason);
  if (event.type === "message") return event.role === "assistant";
  if (event.type === "usage") return hasTokens(event.usage);
  return ["tool-started", "tool-ended", "tokens"].includes(event.type);
}

/** A reply that was broken off may be reported with all its counts at nought. */
function hasTokens(usage: object): boolean {
  return Object.values(usage).some((count) => typeof count === "number" && count > 0);
}
