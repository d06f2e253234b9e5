import type { Reply } from "./behavior.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";
import { CallTimeoutError } from "./errors.ts";

/** The part of an actor that its calls need: at either end of a call. */
export interface CallParty {
  readonly path: string;
  /** The number of messages whose handling has begun. */
  readonly handling: number;
  /** True while the handler of the last one runs. */
  readonly busy: boolean;
  /** The calls to it that have no answer yet. */
  readonly unanswered: Set<PendingCall>;
  /** The calls by it that have no answer yet. */
  readonly asked: Set<PendingCall>;
  /** Report an answer that no caller waits for. */
  answeredLate(): void;
}

/** The caller, and the message in whose handler it calls. */
export interface Caller {
  readonly party: CallParty;
  readonly handling: number;
  /** The call that brought this message. */
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

/** One open call: the callee's means to answer, the caller's deadline, and the chain of calls that led here. */
export class PendingCall implements Reply<unknown>, Expiring {
  dueAt = 0;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  lane: Expiring["lane"] = undefined;
  settled = false;
  /** Removes the listener from the caller's signal. */
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

  /** Fail the call from outside the callee. The callee sees it in `signal`. */
  giveUp(error: unknown): void {
    if (!this.#settle()) return;
    this.#abort(error);
    this.#setup.reject(error);
  }

  /** Drop the call without settling it: no code is left that awaits it. */
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

/** A call in a mailbox: the message, and the means to answer it. */
export class CallMessage {
  readonly message: unknown;
  readonly call: PendingCall;

  constructor(message: unknown, call: PendingCall) {
    this.message = message;
    this.call = call;
  }
}

/** Tell whether `target` waits, along the chain of calls that led here, for the current message of `caller`. */
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
