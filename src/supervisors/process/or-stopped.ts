import { waiting } from "../../actors/wait.ts";
import { limitsOf, type Scope, scopeIfAny } from "./scope.ts";

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

function runningScope(): Scope | undefined {
  const scope = scopeIfAny();
  return scope === undefined || scope.signal.aborted ? undefined : scope;
}
