import type { AgentMemory } from "../../actors/agent/actor/index.ts";
import type { Machine } from "../../machines/machine.ts";
import type { RateLimit } from "./rate-limit.ts";

/** An agent, as its connections see it. */
export interface Peer {
  readonly name: string;
  /** The word that every other agent of the run knows it by. */
  readonly word: string;
  readonly memory: AgentMemory;
  readonly machine: Machine;
  /** The routes by which it reaches others, by their words. */
  readonly outgoing: Routes;
  /** The routes by which others reach it, by their words. */
  readonly incoming: Routes;
  /** True when the agent has ended, or waits for a message and none is under way to it. */
  readonly isAtRest: boolean;
  /** The agent, or the process that it belongs to, has ended or is about to. */
  readonly isLeaving: boolean;
  /** Look soon whether its process waits for something that can still come. */
  lookAtRest(): void;
}

/** The open routes of one agent in one direction. */
export interface Routes {
  readonly all: readonly Route[];
  get(word: string): Route | undefined;
}

/** One direction of a connection: `from` may message `to` and send it files. */
export interface Route {
  readonly from: Peer;
  readonly to: Peer;
  readonly maxFileBytes: number;
  readonly rate: RateLimit;
  /** `from` has sent a message since `to` last sent it one. */
  isAsking: boolean;
  close(): void;
}

/** Take in that a message went over a route: it asks, and it answers what came the other way. */
export function messageSent(route: Route): void {
  const back = wayBack(route);
  if (back !== undefined) back.isAsking = false;
  route.isAsking = true;
}

/** Give the routes over which an agent sent a message that has no answer. A receiver that cannot write back is left out. */
export function openQuestions({ outgoing }: Peer): readonly Route[] {
  return outgoing.all.filter((route) => route.isAsking && wayBack(route) !== undefined);
}

/** Tell whether an agent is at work that may answer, directly or by way of others. */
export function mayBeAnswered(peer: Peer): boolean {
  const asked = new Set([peer]);
  for (const one of asked) {
    if (!one.isAtRest) return true;
    for (const { to } of openQuestions(one)) asked.add(to);
  }
  return false;
}

/** Let every agent look that waits, directly or by way of others, for an answer of this agent. */
export function askersLook(peer: Peer): void {
  const askers = new Set([peer]);
  for (const one of askers) {
    for (const route of one.incoming.all) if (route.isAsking) askers.add(route.from);
  }
  askers.delete(peer);
  for (const asker of askers) asker.lookAtRest();
}

function wayBack({ from, to }: Route): Route | undefined {
  return to.outgoing.get(from.word);
}
