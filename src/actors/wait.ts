import type { Clock } from "./clock.ts";

/** What ends a wait besides its event. */
export interface Limits {
  /** Rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** In ms; 0, Infinity or none: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Makes the error of a timeout. */
  readonly expired: (timeoutMs: number) => Error;
}

export interface Settle<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** Wait for one event that can always end. `subscribe` returns how to stop listening; it is called once, whatever ends the wait. */
export function waiting<Value>(
  limits: Limits,
  subscribe: (settle: Settle<Value>) => () => void,
): Promise<Value> {
  const { signal, clock, timeoutMs = 0 } = limits;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const cleanups: (() => void)[] = [];
    const finish = (act: () => void): void => {
      for (const cleanup of cleanups.splice(0)) cleanup();
      act();
    };
    const abort = (): void => finish(() => reject(signal.reason));
    signal.addEventListener("abort", abort, { once: true });
    cleanups.push(() => signal.removeEventListener("abort", abort));
    if (timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY) {
      const timer = clock.setTimer(timeoutMs, () =>
        finish(() => reject(limits.expired(timeoutMs))),
      );
      cleanups.push(() => timer.cancel());
    }
    cleanups.push(
      subscribe({
        resolve: (value) => finish(() => resolve(value)),
        reject: (error) => finish(() => reject(error)),
      }),
    );
  });
}

/** A promise and how to settle it. Node 20 has no `Promise.withResolvers`. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** Make one whose rejection nobody has to handle. */
export function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((...both) => {
    [resolve, reject] = both;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
