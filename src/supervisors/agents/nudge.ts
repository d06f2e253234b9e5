import type { AgentMemory } from "../../actors/agent/actor/index.ts";
import type { Clock, ClockTimer } from "../../actors/clock.ts";

/** The reminders of an agent whose process still waits for one of its tools to be called. */
export interface NudgeOptions {
  /**
   * The tool that the process waits for. The agent is reminded as soon as it is idle without
   * a good answer of this tool, whatever other agents do. Default: any of its tools will do, and it is
   * reminded when all agents are idle.
   */
  readonly tool?: string | undefined;
  /** The text of a reminder. Default: a sentence that names its tools. */
  readonly text?: string | undefined;
  /** The most reminders in a row, without another message between them. Default: 3. */
  readonly max?: number | undefined;
  /** The least time between two reminders, in ms; each one in a row doubles it. Default: 60_000. */
  readonly afterMs?: number | undefined;
  /**
   * The act when the agent is idle once more after its last reminder. `wait`: the process waits on,
   * and emits `quiescent` when nothing more can come. `fail`: `wait()` rejects with
   * ProcessFailedError. Default: `wait`.
   */
  readonly then?: "wait" | "fail" | undefined;
}

/** The outcome of an attempt to remind an agent. */
export type Nudged =
  /** The agent was reminded now. */
  | "now"
  /** The last reminder is too recent: it is reminded when the time is over. */
  | "later"
  /** The agent was reminded as often as it may be. */
  | "spent";

/** Reminds one agent, and counts. */
export class Nudger {
  readonly #memory: AgentMemory;
  readonly #options: NudgeOptions;
  readonly #clock: Clock;
  #count = 0;
  #last: string | undefined;
  #notBefore = 0;
  #timer: ClockTimer | undefined;

  constructor(memory: AgentMemory, options: NudgeOptions, clock: Clock) {
    this.#memory = memory;
    this.#options = options;
    this.#clock = clock;
    this.#notBefore = clock.now();
  }

  /** The most reminders in a row. */
  get max(): number {
    return this.#options.max ?? 3;
  }

  /** Take in what was said to the agent: new words begin the counting anew. */
  heard(text: string | undefined): void {
    if (text !== undefined && text !== this.#last) this.#count = 0;
  }

  /** Remind the agent, as an event `nudged {count, max}`. When it is too early, `due` is called once it is time. */
  nudge(due: () => void): Nudged {
    if (this.#count >= this.max) return "spent";
    const waitMs = this.#notBefore - this.#clock.now();
    this.#timer?.cancel();
    if (waitMs > 0) {
      this.#timer = this.#clock.setTimer(waitMs, due);
      return "later";
    }
    this.#count += 1;
    this.#notBefore =
      this.#clock.now() + (this.#options.afterMs ?? 60_000) * 2 ** (this.#count - 1);
    this.#last = this.#text;
    this.#memory.emit("nudged", { count: this.#count, max: this.max });
    // It is refused when the agent has ended: then there is nobody to remind.
    this.#memory.outbox.enqueue(this.#last, "follow-up").catch(() => {});
    return "now";
  }

  /** Call off the reminder that is due later. */
  close(): void {
    this.#timer?.cancel();
  }

  get #text(): string {
    const { tool, text } = this.#options;
    const names = this.#memory.tools.descriptions.map(({ name }) => name).join(", ");
    const which = tool === undefined ? `one of your tools when you are: ${names}` : `${tool} then`;
    const how = tool === undefined && names === "" ? "go on" : `go on, and call ${which}`;
    return text ?? `You have stopped, but your work is not handed in. If it is not done, ${how}.`;
  }
}
