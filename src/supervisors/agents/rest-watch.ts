import type { AgentMemory } from "../../actors/agent/actor/index.ts";
import { type NudgeOptions, Nudger } from "./nudge.ts";

/**
 * Sees how one agent comes to rest: whether it has called the tool that its process waits for.
 *
 * A call that was answered with an error does not count. What a person in the pane began is theirs, and
 * what was broken off is for whoever did that to go on with.
 */
export class RestWatch {
  readonly #memory: AgentMemory;
  readonly #tool: string | undefined;
  readonly #nudger: Nudger | undefined;
  #called = new Set<string>();
  #isPersons = false;
  #isBrokenOff = false;
  #missed: readonly string[] = [];
  #hasNews = false;

  constructor(memory: AgentMemory, nudge: NudgeOptions | undefined) {
    this.#memory = memory;
    this.#tool = nudge?.tool;
    this.#nudger = nudge && new Nudger(memory, nudge);
  }

  /** It has come to rest, and nobody has looked since. */
  get hasNews(): boolean {
    return this.#hasNews && this.isAtRest;
  }

  get isAtRest(): boolean {
    const { state, outbox } = this.#memory;
    return this.#hasEnded || (state === "idle" && outbox.waiting.length === 0);
  }

  get #hasEnded(): boolean {
    const { state } = this.#memory;
    return state === "stopped" || state === "failed";
  }

  /** It has ended for good: that tells more than what it missed. */
  ended(): void {
    this.#missed = [];
    this.#hasNews = true;
  }

  /** Take in an event of the agent's. */
  happened(type: string, data: unknown): void {
    if (!telling.has(type)) return;
    const { tool, error, role, origin, text, stopReason } = wordsOf(data);
    if (type === "tool-returned" && error === undefined && tool !== undefined)
      this.#called.add(tool);
    if (type === "message" && role === "user") this.#heard(text, origin);
    if (type === "turn-ended") this.#isBrokenOff = stopReason === "aborted";
    if (type === "idle") this.#rested();
  }

  /** Say what it missed. Returns whether it was reminded of that at once. */
  look(): boolean {
    if (!this.hasNews) return false;
    this.#hasNews = false;
    if (this.#missed.length === 0) return false;
    this.#memory.emit("tool-missed", { tools: this.#missed });
    return this.#tool !== undefined && this.#nudger?.nudge() === true;
  }

  /** Remind it, now that all have come to rest. Returns false when it is not to be reminded, or was often enough. */
  nudge(): boolean {
    return this.#tool === undefined && !this.#hasEnded && this.#nudger?.nudge() === true;
  }

  #heard(text: string | undefined, origin: string | undefined): void {
    if (origin === "interactive") this.#isPersons = true;
    // The agent's own words remind nobody of anything.
    this.#nudger?.heard(text);
  }

  #rested(): void {
    this.#missed = this.#isPersons || this.#isBrokenOff ? [] : this.#missing();
    this.#hasNews = true;
    this.#called = new Set();
    this.#isPersons = false;
  }

  #missing(): readonly string[] {
    if (this.#tool !== undefined) return this.#called.has(this.#tool) ? [] : [this.#tool];
    const names = this.#memory.tools.descriptions.map(({ name }) => name);
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
