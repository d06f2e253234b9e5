import type { Clock } from "../../actors/clock.ts";
import { type Nudged, type NudgeOptions, Nudger } from "./nudge.ts";
import { mayBeAnswered, openQuestions, type Peer } from "./route.ts";

export interface RestWatchOptions {
  readonly clock: Clock;
  /** Default: the agent is not reminded. */
  readonly nudge?: NudgeOptions | undefined;
}

/** The next step for an agent that was looked at. */
export type RestStep =
  /** Nothing is expected of the agent. */
  | "none"
  /** The agent waits for an answer of another agent. */
  | "asks"
  /** A reminder is to come, or the agent just got one. */
  | "reminded"
  /** The agent was reminded in vain. */
  | "spent";

const steps: Readonly<Record<Nudged, RestStep>> = {
  now: "reminded",
  later: "reminded",
  spent: "spent",
};

/**
 * Watches one agent become idle: whether it has called the tool that its process waits for.
 *
 * A call that was answered with an error does not count. A person who typed into the pane leads on
 * what they began, and the source of an interrupt decides the next step: then nothing was missed.
 */
export class RestWatch {
  readonly #peer: Peer;
  readonly #options: NudgeOptions | undefined;
  readonly #nudger: Nudger | undefined;
  #called = new Set<string>();
  #isPersons = false;
  #isBrokenOff = false;
  #missed: readonly string[] = [];
  #isExcused = false;
  #isToTell = false;
  #hasNews = false;

  constructor(peer: Peer, { clock, nudge }: RestWatchOptions) {
    this.#peer = peer;
    this.#options = nudge;
    this.#nudger = nudge && new Nudger(peer.memory, nudge, clock);
  }

  /** True when the agent has been idle since `settle` was last called. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** Take in that all that follows from this rest was done. */
  settle(): void {
    this.#hasNews = false;
  }

  /** Take in that the agent has ended for good: no missed tool is reported any more. */
  ended(): void {
    this.#missed = [];
    this.#isExcused = true;
    this.#hasNews = true;
    this.#nudger?.close();
  }

  /** Take in an event of the agent's. */
  happened(type: string, data: unknown): void {
    if (!telling.has(type)) return;
    const { tool, error, role, origin, text, stopReason } = wordsOf(data);
    switch (type) {
      case "tool-returned":
        if (error === undefined && tool !== undefined) this.#called.add(tool);
        return;
      case "message":
        if (role === "user") this.#heard(text, origin);
        return;
      case "turn-ended":
        this.#isBrokenOff = stopReason === "aborted";
        return;
      case "idle":
        this.#rested();
    }
  }

  /** Emit the missed tools as an event `tool-missed {tools}`; once for each time that the agent becomes idle. */
  tell(): void {
    if (!this.#isToTell || !this.#peer.isAtRest) return;
    this.#isToTell = false;
    if (this.#missed.length > 0) this.#peer.memory.emit("tool-missed", { tools: this.#missed });
  }

  /** Remind the agent of what it missed, if that is wanted and it is time. `allRest`: this is the rest of every agent of the process. */
  remind(allRest: boolean): RestStep {
    if (this.#nudger === undefined || this.#isExcused || !this.#peer.isAtRest) return "none";
    if (this.#options?.tool === undefined ? !allRest : this.#missed.length === 0) return "none";
    if (openQuestions(this.#peer).length > 0) return "asks";
    return steps[this.#nudger.nudge(() => this.#peer.lookAtRest())];
  }

  /** Say why the process is to fail after this step, or nothing when it is not. */
  failureAfter(step: RestStep): string | undefined {
    if (this.#options?.then !== "fail" || this.#nudger === undefined) return undefined;
    const { name } = this.#peer;
    const tools = this.#missed.join(" or ") || "any of its tools";
    if (step === "spent") {
      const times = this.#nudger.max === 1 ? "once" : `${this.#nudger.max} times`;
      return `${name} came to rest without calling ${tools}, and was reminded ${times}`;
    }
    if (step !== "asks" || mayBeAnswered(this.#peer)) return undefined;
    const asked = openQuestions(this.#peer).map(({ to }) => to.word);
    return `${name} came to rest without calling ${tools}; it waits for an answer of ${asked.join(", ")}, which came to rest too`;
  }

  #heard(text: string | undefined, origin: string | undefined): void {
    if (origin === "interactive") this.#isPersons = true;
    // The agent's own words remind nobody of anything.
    this.#nudger?.heard(text);
  }

  #rested(): void {
    this.#isExcused = this.#isPersons || this.#isBrokenOff;
    this.#missed = this.#isExcused ? [] : this.#missing();
    this.#isToTell = true;
    this.#hasNews = true;
    this.#called = new Set();
    this.#isPersons = false;
  }

  #missing(): readonly string[] {
    const tool = this.#options?.tool;
    if (tool !== undefined) return this.#called.has(tool) ? [] : [tool];
    const names = this.#peer.memory.tools.descriptions.map(({ name }) => name);
    return this.#called.size > 0 ? [] : names;
  }
}

/** Most events say nothing of rest. */
const telling: ReadonlySet<string> = new Set(["tool-returned", "message", "turn-ended", "idle"]);
const fields = ["tool", "error", "role", "origin", "text", "stopReason"] as const;

/** The texts in an event's data, by name. */
function wordsOf(data: unknown): Partial<Readonly<Record<(typeof fields)[number], string>>> {
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(data ?? {}));
  const words = fields.flatMap((name) => {
    const value = given.get(name);
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  return Object.fromEntries(words);
}
