import type { Clock, ClockTimer } from "./clock.ts";

/** The ways in which a wait may end besides its event. */
export type Limits = OpenLimits & (TimeLimit | NoTimeLimit);

interface OpenLimits {
  /** Ends the wait: it rejects with the signal's reason. Default: no signal. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the wait begins; what it returns is called when the wait ends. */
  readonly begin?: (() => () => void) | undefined;
}

interface TimeLimit {
  readonly clock: Clock;
  /** The longest wait, in ms; 0 or Infinity means no limit. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Makes the error of a timeout. */
  readonly expired: (timeoutMs: number) => Error;
}

interface NoTimeLimit {
  readonly clock?: undefined;
}

/** The two ways to settle a promise. */
export interface Settle<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** Wait for one event, within limits. `subscribe` returns a function that stops listening; it is called once, however the wait ends. */
export function waiting<Value>(
  { signal, begin, ...time }: Limits,
  subscribe: (settle: Settle<Value>) => () => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const begun = begin?.();
    let settled = false;
    let timer: ClockTimer | undefined;
    let unsubscribe: (() => void) | undefined;
    const finish = (settle: () => void): void => {
      if (settled) return;
      settled = true;
      begun?.();
      timer?.cancel();
      signal?.removeEventListener("abort", aborted);
      unsubscribe?.();
      settle();
    };
    const aborted = (): void => finish(() => reject(signal?.reason));
    signal?.addEventListener("abort", aborted, { once: true });
    if (time.clock !== undefined) {
      const { clock, timeoutMs = 0, expired } = time;
      if (timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY)
        timer = clock.setTimer(timeoutMs, () => finish(() => reject(expired(timeoutMs))));
    }
    const stop = subscribe({
      resolve: (value) => finish(() => resolve(value)),
      reject: (error) => finish(() => reject(error)),
    });
    if (settled) stop();
    else unsubscribe = stop;
  });
}

/** Wait for a promise, within limits. The promise goes on when a limit ends the wait. */
export function within<Value>(promise: PromiseLike<Value>, limits: Limits): Promise<Value> {
  return waiting(limits, ({ resolve, reject }) => {
    promise.then(resolve, reject);
    return () => undefined;
  });
}

/** Wait for a promise, and at most `ms` milliseconds. The promise must not reject. */
export function atMost(clock: Clock, ms: number, promise: PromiseLike<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const late = clock.setTimer(ms, () => resolve());
    void promise.then(() => {
      late.cancel();
      resolve();
    });
  });
}

/** Tell whether a value is a promise, of whichever make. */
export function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  if (typeof value !== "object" || value === null) return false;
  return "then" in value && typeof value.then === "function";
}

/** A promise and the functions that settle it. Node 20 has no `Promise.withResolvers`. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** Make a promise that is settled from outside. A rejection that nobody handles is no unhandled one. */
export function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<Value>((...both) => {
    [resolve, reject] = both;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
