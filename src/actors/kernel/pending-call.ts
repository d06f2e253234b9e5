import type { Reply } from "./behavior.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";
import { CallTimeoutError } from "./errors.ts";

/** What a call knows of the actors at its two ends. */
export interface CallParty {
  readonly path: string;
  /** Counts the messages it has begun to handle. */
  readonly handling: number;
  /** Whether the handler of the last one is still under way. */
  readonly busy: boolean;
  /** The calls it has not answered. */
  readonly unanswered: Set<PendingCall>;
  /** The calls it waits for. */
  readonly asked: Set<PendingCall>;
  /** It gave an answer that nobody waits for. */
  answeredLate(): void;
}

/** Who calls, from within which message. */
export interface Caller {
  readonly party: CallParty;
  readonly handling: number;
  /** The call that this message was. */
  readonly via: PendingCall | undefined;
}

export interface CallSetup {
  readonly target: CallParty;
  readonly caller: Caller | undefined;
  readonly timeoutMs: number;
  readonly deadlines: Deadlines;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One call under way: the callee's way to answer, the caller's deadline, the chain that led here. */
export class PendingCall implements Reply<unknown>, Expiring {
  dueAt = 0;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  lane: Expiring["lane"] = undefined;
  settled = false;
  /** Undoes what listens to the caller's signal. */
  unlisten: (() => void) | undefined = undefined;
  readonly #setup: CallSetup;
  #controller: AbortController | undefined = undefined;
  #givenUp = false;

  constructor(setup: CallSetup) {
    this.#setup = setup;
    setup.target.unanswered.add(this);
    setup.caller?.party.asked.add(this);
    if (setup.timeoutMs > 0 && setup.timeoutMs !== Number.POSITIVE_INFINITY) {
      setup.deadlines.add(this, setup.timeoutMs);
    }
  }

  get target(): CallParty {
    return this.#setup.target;
  }

  get caller(): Caller | undefined {
    return this.#setup.caller;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#givenUp) this.#controller.abort(new CallTimeoutError(this.target.path, 0));
    }
    return this.#controller.signal;
  }

  send(value: unknown): void {
    if (this.#settle()) this.#setup.resolve(value);
    else this.target.answeredLate();
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#setup.reject(error);
    else this.target.answeredLate();
  }

  /** Fail it from outside the callee, which learns of it by its `signal`. */
  giveUp(error: unknown): void {
    if (!this.#settle()) return;
    this.#abort(error);
    this.#setup.reject(error);
  }

  /** Nobody is left to hear of it: it never settles. */
  abandon(error: unknown): void {
    if (this.#settle()) this.#abort(error);
  }

  expire(): void {
    this.giveUp(new CallTimeoutError(this.target.path, this.#setup.timeoutMs));
  }

  #abort(error: unknown): void {
    this.#givenUp = true;
    this.#controller?.abort(error);
  }

  #settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.#setup.deadlines.remove(this);
    this.#setup.target.unanswered.delete(this);
    this.#setup.caller?.party.asked.delete(this);
    this.unlisten?.();
    return true;
  }
}

/** What is queued for a call: the message, and how to answer it. */
export class CallMessage {
  readonly message: unknown;
  readonly call: PendingCall;

  constructor(message: unknown, call: PendingCall) {
    this.message = message;
    this.call = call;
  }
}

/** Tell whether `target` waits, along the chain that led here, for what `caller` does now. */
export function findCircle(
  target: CallParty,
  caller: Caller | undefined,
): "self" | "deadlock" | undefined {
  if (caller === undefined) return undefined;
  if (caller.party === target) return "self";
  for (let link = caller.via?.caller; link !== undefined; link = link.via?.caller) {
    const waits = link.party.busy && link.party.handling === link.handling;
    if (link.party === target && waits) return "deadlock";
  }
  return undefined;
}
