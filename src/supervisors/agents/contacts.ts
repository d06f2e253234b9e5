import type { Tool } from "../../actors/agent/tools/index.ts";
import type { Peer, Route, Routes } from "./route.ts";

/** The number of ended agents that one agent still knows by their words. */
const maxEnded = 1_000;

/** The tools that an agent has while it has contacts of one kind. */
type MakeTools = (owner: Peer, contacts: Contacts) => readonly Tool[];

/**
 * The agents that one agent knows by their words, in one direction: those that it may reach, or those
 * that may reach it.
 *
 * The first contact gives the agent the tools of that direction. It loses them with the last, unless
 * one of them has ended: then a tool can still say so.
 */
export class Contacts implements Routes {
  readonly #owner: Peer;
  readonly #makeTools: MakeTools;
  readonly #routes = new Map<string, Route>();
  readonly #ended = new Set<string>();
  #withdrawals: readonly (() => void)[] = [];

  constructor(owner: Peer, makeTools: MakeTools) {
    this.#owner = owner;
    this.#makeTools = makeTools;
  }

  /** The words of all contacts. */
  get words(): readonly string[] {
    return [...this.#routes.keys()];
  }

  get all(): readonly Route[] {
    return [...this.#routes.values()];
  }

  /** Find a contact by its word, or by its bare name where no other contact, ended ones included, has that name. */
  get(word: string): Route | undefined {
    const exact = this.#routes.get(word);
    if (exact !== undefined || this.#ended.has(word)) return exact;
    const named = [...this.#routes].filter(([known]) => nameIn(known) === word);
    const hadTheName = [...this.#ended].some((known) => nameIn(known) === word);
    return named.length === 1 && !hadTheName ? named[0]?.[1] : undefined;
  }

  /** Tell whether an agent that was a contact has ended. */
  hasEnded(word: string): boolean {
    return this.#ended.has(word);
  }

  add(word: string, route: Route): void {
    if (this.#withdrawals.length === 0) this.#giveTools();
    this.#ended.delete(word);
    this.#routes.set(word, route);
  }

  /** Forget a contact. One that is leaving for good is remembered by its word. */
  remove({ word, isLeaving }: Peer): void {
    this.#routes.delete(word);
    if (isLeaving) this.#ended.add(word);
    for (const oldest of this.#ended) {
      if (this.#ended.size <= maxEnded) break;
      this.#ended.delete(oldest);
    }
    if (this.#owner.isLeaving) this.#ended.clear();
    if (this.#routes.size + this.#ended.size === 0) this.#withdraw();
  }

  /** Give all tools or, when the agent has one of these names already, none. */
  #giveTools(): void {
    const withdrawals: (() => void)[] = [];
    try {
      for (const tool of this.#makeTools(this.#owner, this))
        withdrawals.push(this.#owner.memory.tools.add(tool));
    } catch (error) {
      for (const withdraw of withdrawals) withdraw();
      throw error;
    }
    this.#withdrawals = withdrawals;
  }

  #withdraw(): void {
    for (const withdraw of this.#withdrawals) withdraw();
    this.#withdrawals = [];
  }
}

/** The agent's own name in its word: `worker` of `t0002/worker#2`. */
function nameIn(word: string): string {
  return word.slice(word.lastIndexOf("/") + 1).replace(/#\d+$/, "");
}
