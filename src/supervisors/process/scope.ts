import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ExitReason, StoppedError } from "../../actors/kernel/index.ts";
import { type Limits, within } from "../../actors/wait.ts";
import { MisuseError } from "../../errors.ts";
import type { Supervision } from "../supervision/index.ts";
import { ChildNames } from "./child-names.ts";
import type { Outcome } from "./outcome.ts";
import type { ProcessMailbox } from "./process-mailbox.ts";
import type { ProcessRecord } from "./process-record.ts";
import type { Run, StartedMachine } from "./run.ts";

/** The messages that the actor of a process takes. */
export type ProcessMessage =
  /** A message for the process's mailbox. */
  | { readonly type: "message"; readonly value: unknown }
  /** The body returned. */
  | { readonly type: "body-returned"; readonly value: unknown }
  /** The body threw. */
  | { readonly type: "body-threw"; readonly error: unknown }
  /** Something else ends the epoch. */
  | { readonly type: "end"; readonly reason: ExitReason; readonly thrown?: unknown };

/** The parts that one epoch of a process is made of. */
interface ScopeParts {
  readonly record: ProcessRecord;
  readonly context: Context<ProcessMessage>;
  readonly supervision: Supervision;
  readonly outcome: Outcome;
  readonly mailbox: ProcessMailbox;
}

/** One epoch of a process, as its own code sees it. */
export class ProcessScope {
  readonly run: Run;
  readonly record: ProcessRecord;
  readonly context: Context<ProcessMessage>;
  readonly epoch: number;
  readonly supervision: Supervision;
  readonly outcome: Outcome;
  readonly mailbox: ProcessMailbox;
  readonly names: ChildNames;
  /** Aborts with a StoppedError when the process is to stop. */
  readonly signal: AbortSignal;
  readonly #waits = new Set<{ readonly what: string }>();
  #take: ((message: ProcessMessage) => void) | undefined;
  #localMachine: Promise<StartedMachine> | undefined;
  #body: Promise<void> = Promise.resolve();
  #ending: { readonly reason?: ExitReason | undefined; readonly thrown?: unknown } = {};
  #closed = false;

  constructor(parts: ScopeParts) {
    const { record, context } = parts;
    this.run = record.run;
    this.record = record;
    this.context = context;
    this.epoch = record.epoch;
    this.supervision = parts.supervision;
    this.outcome = parts.outcome;
    this.mailbox = parts.mailbox;
    this.names = new ChildNames(record.path);
    this.signal = context.signal;
  }

  /** Put a message to the process's actor; false when it has ended. */
  tell(message: ProcessMessage): boolean {
    if (this.#take === undefined) return this.context.self.send(message);
    this.#take(message);
    return true;
  }

  /** Hand messages to `take` while the actor handles none yet; undefined: to the actor again. */
  divert(take: ((message: ProcessMessage) => void) | undefined): void {
    this.#take = take;
  }

  /** The present waits of the process's code, in words: `wait()`, `receive()`, …. */
  get waits(): readonly string[] {
    return [...this.#waits].map(({ what }) => what);
  }

  /** Say what a wait is for, until the returned function is called. */
  begin(what: string): () => void {
    const wait = { what };
    this.#waits.add(wait);
    return () => this.#waits.delete(wait);
  }

  /** Run the body; `run` never rejects. */
  enterBody(run: () => Promise<void>): void {
    this.#body = run();
  }

  /** Settles when the body has; never rejects. */
  get body(): Promise<void> {
    return this.#body;
  }

  /** Keep what ends the epoch. The first that was thrown is the one that `result()` rejects with. */
  endsBy(reason: ExitReason | undefined, thrown?: unknown): void {
    this.#ending = {
      reason: reason ?? this.#ending.reason,
      thrown: this.#ending.thrown ?? thrown,
    };
  }

  /** The end of the epoch, as far as it is known. */
  get ending(): { readonly reason?: ExitReason | undefined; readonly thrown?: unknown } {
    return this.#ending;
  }

  /** After the end nothing that the body still does has an effect. */
  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
  }

  /** Give the machine of agents for which nobody chose one; `make` is called once, unless it failed. */
  async localMachine(make: () => Promise<StartedMachine>): Promise<StartedMachine> {
    this.#localMachine ??= make();
    try {
      return await this.#localMachine;
    } catch (error) {
      this.#localMachine = undefined;
      throw error;
    }
  }
}

const scopes = new AsyncLocalStorage<ProcessScope>();

/** Run `fn` as code of this process. */
export function enter<Result>(scope: ProcessScope, fn: () => Result): Result {
  return scopes.run(scope, fn);
}

/** Run `fn` as code of no process, so that things that it starts do not count as the process's own. */
export function leave<Result>(fn: () => Result): Result {
  return scopes.exit(fn);
}

/** Find the process whose code is running. Throws MisuseError (`outside-process`), or StoppedError after its end. */
export function currentScope(verb: string): ProcessScope {
  const scope = scopes.getStore();
  if (scope === undefined) throw outsideProcess(verb);
  if (scope.closed)
    throw new StoppedError(scope.record.path, `it has ended, so ${verb}() has no effect`);
  return scope;
}

/** Find the process whose code is running, if one is. */
export function scopeIfAny(): ProcessScope | undefined {
  return scopes.getStore();
}

/** One wait of a process's own code. */
interface OwnWait {
  /** The subject of the wait, in a word or two, for reports of a run that hangs. Default: it is not reported. */
  readonly what?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Makes the error of a timeout. */
  readonly expired?: ((timeoutMs: number) => Error) | undefined;
}

/** The limits of a wait that ends with the process. */
export function limitsOf(
  scope: ProcessScope,
  { what, timeoutMs, expired = () => new StoppedError(scope.record.path) }: OwnWait = {},
): Limits {
  const begin = what === undefined ? undefined : () => scope.begin(what);
  return { signal: scope.signal, clock: scope.run.clock, timeoutMs, expired, begin };
}

/**
 * Let a wait end when the process that waits is to stop: it then rejects with StoppedError.
 *
 * A wait that begins after that, in a `finally` say, is not ended; the body's own budget bounds it.
 * `what` is what the wait is for, for reports of a run that hangs.
 */
export function orStopped<Value>(promise: Promise<Value>, what?: string): Promise<Value> {
  const scope = runningScope();
  if (scope === undefined) return promise;
  return within(promise, limitsOf(scope, { what }));
}

/** Give the signal of the process that calls, unless it aborted already. */
export function runningSignal(): AbortSignal | undefined {
  return runningScope()?.signal;
}

/** Find the process whose code is running, unless it is to stop already. */
export function runningScope(): ProcessScope | undefined {
  const scope = scopeIfAny();
  return scope === undefined || scope.signal.aborted ? undefined : scope;
}

function outsideProcess(verb: string): MisuseError {
  return new MisuseError(
    "outside-process",
    `${verb}() was called outside a process; call it in the function given to agentProcess, or wrap a library's callback with currentProcess().bind(fn).`,
  );
}
