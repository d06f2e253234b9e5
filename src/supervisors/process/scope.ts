import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, type ExitReason, StoppedError } from "../../actors/kernel/index.ts";
import { type Limits, waiting } from "../../actors/wait.ts";
import { MisuseError } from "../../errors.ts";
import type { Supervision } from "../supervision/index.ts";
import type { Outcome } from "./outcome.ts";
import type { ProcessMailbox } from "./process-mailbox.ts";
import type { ProcessRecord } from "./process-record.ts";
import type { Run } from "./run.ts";
import type { StartedMachine } from "./started-machine.ts";

/** What the actor of a process handles. */
export type ProcessMessage =
  | { readonly type: "message"; readonly value: unknown }
  | { readonly type: "body-returned"; readonly value: unknown }
  | { readonly type: "body-threw"; readonly error: unknown }
  | { readonly type: "end"; readonly reason: ExitReason; readonly thrown?: unknown };

/** One epoch of a process, as its own code sees it. */
export interface ProcessScope {
  readonly run: Run;
  readonly record: ProcessRecord;
  readonly context: Context<ProcessMessage>;
  readonly epoch: number;
  readonly outcome: Outcome;
  readonly mailbox: ProcessMailbox;
  readonly supervision: Supervision;
  /** Names taken among its children. */
  readonly names: Set<string>;
  /** Aborts with a StoppedError when the process is to stop. */
  readonly signal: AbortSignal;
  /** Put a message to its actor; false when it has ended. */
  tell: (message: ProcessMessage) => boolean;
  /** The machine of agents for which nobody chose one. */
  localMachine: Promise<StartedMachine> | undefined;
  /** Settles when the body has; never rejects. */
  body: Promise<void>;
  /** What was thrown, for `result()` to reject with the very object. */
  thrown: unknown;
  reason: ExitReason | undefined;
  /** After the end nothing that the body still does has an effect. */
  closed: boolean;
}

const scopes = new AsyncLocalStorage<ProcessScope>();

/** Run `fn` as code of this process. */
export function enter<Result>(scope: ProcessScope, fn: () => Result): Result {
  return scopes.run(scope, fn);
}

/** Run `fn` as code of no process, so that what it starts is not taken for the process's own. */
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

/** The limits of a wait that ends with the process. */
export function limitsOf(
  scope: ProcessScope,
  expired: (timeoutMs: number) => Error = () => new StoppedError(scope.record.path),
  timeoutMs?: number | undefined,
): Limits {
  return { signal: scope.signal, clock: scope.run.clock, timeoutMs, expired };
}

/**
 * Let a wait end when the process that waits is to stop: it then rejects with StoppedError.
 *
 * A wait that begins after that, in a `finally` say, is left alone; the body's own budget bounds it.
 */
export function orStopped<Value>(promise: Promise<Value>): Promise<Value> {
  const scope = runningScope();
  if (scope === undefined) return promise;
  return waiting<Value>(limitsOf(scope), ({ resolve, reject }) => {
    promise.then(resolve, reject);
    return () => {};
  });
}

/** Give the signal of the process that calls, unless it aborted already. */
export function runningSignal(): AbortSignal | undefined {
  return runningScope()?.signal;
}

function runningScope(): ProcessScope | undefined {
  const scope = scopeIfAny();
  return scope === undefined || scope.signal.aborted ? undefined : scope;
}

function outsideProcess(verb: string): MisuseError {
  return new MisuseError(
    "outside-process",
    `${verb}() was called outside a process; call it in the function given to agentProcess, or wrap a library's callback with currentProcess().bind(fn).`,
  );
}
