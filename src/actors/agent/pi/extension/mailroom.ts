import type { FromAgent, ToAgent } from "../../wire/index.ts";
import type { Later } from "./pi.ts";

type Send = Extract<ToAgent, { type: "send" }>;

/** The acts of the mailroom in pi, and the facts that it reads there. */
export interface MailroomHost {
  readonly later: Later;
  isIdle(): boolean;
  /** Tell whether messages lie in pi's own queue. */
  hasPending(): boolean;
  inject(text: string, deliver: Send["deliver"]): void;
  /** Make pi look into its own queue, by a run of turns. */
  nudge(): void;
  /** pi gave a message back, perhaps into its editor. */
  returned(text: string): void;
  report(frame: Extract<FromAgent, { type: "accepted" | "refused" }>): void;
}

interface Airborne {
  readonly send: Send;
  /** True once pi has said that the message is in its queue. */
  queued: boolean;
  cancelWatch: () => void;
}

const lookEveryMs = 250;
/** The first look at pi's queue comes soon: a person may interrupt the run at any moment. */
const firstLookMs = 20;
/** Five seconds in all. */
const looksUntilLost = 19;
const rememberedIds = 10_000;

/**
 * Hands messages to pi by the rule that loses none: pi takes a second one in the same moment without
 * a word and forgets it, and strands one that comes as a run ends.
 *
 * So at most one is in the air, and it counts as accepted when pi starts a user message of that text.
 * A follow-up waits here until pi is idle; a steer goes to pi's queue, and only while pi is busy.
 */
export class AgentMailroom {
  readonly #host: MailroomHost;
  readonly #queue: Send[] = [];
  readonly #parked: Send[] = [];
  readonly #accepted = new Set<string>();
  /** Refused messages that pi may still have. One that starts after all is accepted after all. */
  readonly #late: Send[] = [];
  #air: Airborne | undefined;
  #held = false;

  constructor(host: MailroomHost) {
    this.#host = host;
  }

  /** Take in a message from the runtime; one that is known already is only reported again. */
  push(send: Send): void {
    if (this.#accepted.has(send.id)) this.#host.report({ type: "accepted", id: send.id });
    else if (!this.#has(send.id)) this.#queue.push(send, ...this.#parked.splice(0));
    this.pump();
  }

  /** Remember a message that was in the conversation before this mailroom. */
  knows(id: string): void {
    this.#accepted.add(id);
    if (this.#accepted.size <= rememberedIds) return;
    for (const oldest of this.#accepted) {
      this.#accepted.delete(oldest);
      break;
    }
  }

  /** Take in that pi started a user message. Returns its id when it is one of ours. */
  started(text: string): string | undefined {
    const send = this.#land(text);
    if (!send) return undefined;
    this.knows(send.id);
    this.#host.report({ type: "accepted", id: send.id });
    this.#host.later(0, () => this.pump());
    return send.id;
  }

  /** Keep what waits here until the runtime sends something more. */
  park(): void {
    this.#parked.push(...this.#queue.splice(0));
  }

  /** Continue with the parked messages. */
  unpark(): void {
    this.#queue.push(...this.#parked.splice(0));
    this.pump();
  }

  /** Give nothing to pi while it compacts or may try again by itself. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.pump();
  }

  /** Note whether pi has the message in its queue: an interrupt may take it out again. */
  look(): void {
    if (this.#air && this.#host.hasPending()) this.#air.queued = true;
  }

  /** Take in that a run is over. What an interrupt took out of pi's queue is put in again. */
  rested(): void {
    const air = this.#air;
    if (air?.queued && this.#host.isIdle() && !this.#host.hasPending()) {
      air.cancelWatch();
      this.#host.returned(air.send.text);
      this.#launch(air.send);
    }
    this.hold(false);
  }

  /** True when nothing waits here. */
  get empty(): boolean {
    return this.#queue.length + this.#parked.length === 0 && !this.#air;
  }

  /** Give pi the next message, if this is the moment. */
  pump(): void {
    if (this.#held) return;
    if (this.#air) {
      if (this.#host.isIdle() && this.#host.hasPending()) this.#host.nudge();
      return;
    }
    const idle = this.#host.isIdle();
    const at = idle ? 0 : this.#queue.findIndex(({ deliver }) => deliver === "steer");
    const [send] = at < 0 ? [] : this.#queue.splice(at, 1);
    if (send) this.#launch(send);
  }

  #launch(send: Send): void {
    const air: Airborne = { send, queued: false, cancelWatch: () => {} };
    this.#air = air;
    this.#watch(air);
    this.#host.inject(send.text, send.deliver);
    if (!this.#host.isIdle()) this.#host.later(firstLookMs, () => this.look());
  }

  /** Watch a message on its way. A message that pi neither started nor queued in time is lost. */
  #watch(air: Airborne, looks = 0): void {
    air.cancelWatch = this.#host.later(lookEveryMs, () => {
      this.look();
      const waits = this.#held || this.#host.hasPending();
      if (waits) this.pump();
      if (waits || looks < looksUntilLost) this.#watch(air, waits ? 0 : looks + 1);
      else this.#giveUp(air.send);
    });
  }

  #giveUp(send: Send): void {
    this.#air = undefined;
    this.#late.push(send);
    if (this.#late.length > 100) this.#late.shift();
    this.#host.report({ type: "refused", id: send.id, reason: "not accepted" });
    this.pump();
  }

  #land(text: string): Send | undefined {
    const air = this.#air;
    if (air?.send.text === text) {
      air.cancelWatch();
      this.#air = undefined;
      return air.send;
    }
    const at = this.#late.findIndex((send) => send.text === text);
    const [send] = at < 0 ? [] : this.#late.splice(at, 1);
    if (send) this.#forget(send.id);
    return send;
  }

  #forget(id: string): void {
    const at = this.#queue.findIndex((send) => send.id === id);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  #has(id: string): boolean {
    const isIt = (send: Send) => send.id === id;
    return (
      this.#queue.some(isIt) ||
      this.#parked.some(isIt) ||
      (this.#air !== undefined && isIt(this.#air.send))
    );
  }
}
