import type { AgentMemory } from "../../actors/agent/actor/index.ts";

/** How an agent is reminded that its process still waits for one of its tools to be called. */
export interface NudgeOptions {
  /**
   * The tool that the process waits for. It is reminded as soon as it has come to rest without a good
   * answer of this tool, whatever other agents do. Default: any of its tools will do, and it is
   * reminded when all agents have come to rest.
   */
  readonly tool?: string | undefined;
  /** What it is sent. Default: a sentence that names its tools. */
  readonly text?: string | undefined;
  /** How many reminders it gets in a row, without another message between them. Default: 3. */
  readonly max?: number | undefined;
}

/** Reminds one agent, and counts. */
export class Nudger {
  readonly #memory: AgentMemory;
  readonly #options: NudgeOptions;
  #count = 0;
  #last: string | undefined;

  constructor(memory: AgentMemory, options: NudgeOptions) {
    this.#memory = memory;
    this.#options = options;
  }

  /** Take in what was said to it: whoever has something new to say begins the counting anew. */
  heard(text: string | undefined): void {
    if (text !== undefined && text !== this.#last) this.#count = 0;
  }

  /** Remind it, as an event `nudged {count, max}`. Returns false when that was done often enough. */
  nudge(): boolean {
    const { max = 3 } = this.#options;
    if (this.#count >= max) return false;
    this.#count += 1;
    this.#last = this.#text;
    this.#memory.emit("nudged", { count: this.#count, max });
    // It is refused when the agent has ended: then there is nobody to remind.
    this.#memory.outbox.enqueue(this.#last, "follow-up").catch(() => {});
    return true;
  }

  get #text(): string {
    const { tool, text } = this.#options;
    const names = this.#memory.tools.descriptions.map(({ name }) => name).join(", ");
    const which = tool === undefined ? `one of your tools when you are: ${names}` : `${tool} then`;
    const how = tool === undefined && names === "" ? "go on" : `go on, and call ${which}`;
    return text ?? `You have stopped, but your work is not handed in. If it is not done, ${how}.`;
  }
}
