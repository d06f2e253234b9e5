import { type Limits, type Settle, waiting } from "../../actors/wait.ts";
import { ProcessFailedError } from "./errors.ts";

type Settled =
  | { readonly type: "done"; readonly value: unknown }
  | { readonly type: "failed"; readonly error: ProcessFailedError };

export interface FailOptions {
  /** True when another attempt may help; false: no supervisor restarts the process. Default: what an error given as the reason says, else true. */
  readonly retryable?: boolean | undefined;
}

/** The outcome that `done` and `fail` settle and `wait` gives. The first settles it. */
export class Outcome {
  #settled: Settled | undefined;
  #heard = false;
  readonly #waiters = new Set<Settle<unknown>>();

  /** True while a `wait` is open for an outcome that is not settled yet. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  done(value: unknown): void {
    this.#settle({ type: "done", value });
  }

  fail(path: string, reason: unknown, { retryable }: FailOptions = {}): void {
    this.#settle({ type: "failed", error: new ProcessFailedError(path, reason, retryable) });
  }

  /** Resolve with what `done` was given; reject with what `fail` was given. */
  wait(limits: Limits): Promise<unknown> {
    if (this.#settled !== undefined) return new Promise((...both) => this.#tell(asSettle(both)));
    return waiting(limits, (settle) => {
      this.#waiters.add(settle);
      return () => this.#waiters.delete(settle);
    });
  }

  /** Give the result of a body that returned `returned`. Throws a failure that nobody waited for. */
  resultOf(returned: unknown): unknown {
    if (this.#settled?.type === "failed" && !this.#heard) throw this.#settled.error;
    if (returned !== undefined) return returned;
    return this.#settled?.type === "done" ? this.#settled.value : undefined;
  }

  #settle(settled: Settled): void {
    if (this.#settled !== undefined) return;
    this.#settled = settled;
    for (const waiter of [...this.#waiters]) this.#tell(waiter);
  }

  #tell(waiter: Settle<unknown>): void {
    if (this.#settled?.type === "done") waiter.resolve(this.#settled.value);
    if (this.#settled?.type !== "failed") return;
    this.#heard = true;
    waiter.reject(this.#settled.error);
  }
}

function asSettle([resolve, reject]: readonly [
  (value: unknown) => void,
  (error: unknown) => void,
]): Settle<unknown> {
  return { resolve, reject };
}
