import { inspect } from "node:util";
import { RamureError } from "../../errors.ts";

/** A process called `fail`. It is retryable unless `fail` or the error given to it says otherwise. */
export class ProcessFailedError extends RamureError {
  readonly code = "process-failed";
  override readonly retryable: boolean;
  constructor(
    /** The path of the process. */
    readonly path: string,
    /** The value given to `fail`. */
    readonly reason: unknown,
    retryable: boolean = isWorthRetrying(reason),
  ) {
    super(`${path} failed: ${wordsOf(reason)}`, { cause: reason });
    this.retryable = retryable;
  }
}

/** A process did not end within its `timeoutMs`. */
export class ProcessTimeoutError extends RamureError {
  readonly code = "process-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} did not end within ${timeoutMs} ms; raise its timeoutMs or make it call done.`);
  }
}

/** The process was cancelled before it had a result. */
export class CancelledError extends RamureError {
  readonly code = "cancelled";
  override readonly retryable = false;
  constructor(path: string, reason: string) {
    super(`${path} was cancelled: ${reason}`);
  }
}

/** `receive` had no message that fits in time. */
export class ReceiveTimeoutError extends RamureError {
  readonly code = "receive-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} received no message that fits within ${timeoutMs} ms.`);
  }
}

/** A process ended in failure, and nothing was thrown that could be passed on. */
export class ProcessEndedError extends RamureError {
  readonly code = "process-ended";
  constructor(
    path: string,
    /** The data of its `failed` event. */
    readonly failure: { readonly class: string; readonly message: string },
  ) {
    super(`${path} failed (${failure.class}): ${failure.message}`);
  }
}

/** A child failed more often than its policy allows, or in a way that no restart helps. */
export class GaveUpError extends RamureError {
  readonly code = "gave-up";
  override readonly retryable: boolean;
  constructor(
    path: string,
    cause: "intensity" | "not-retryable",
    last: string,
    options: {
      readonly cause?: unknown;
      readonly retryable?: boolean | undefined;
      /** The limit that was passed, in words. */
      readonly limit?: string | undefined;
    } = {},
  ) {
    const limit = options.limit ?? "it failed more often than maxRestarts and maxConsecutive allow";
    const why = cause === "intensity" ? limit : "no restart would help";
    super(`${path} was given up: ${why}; its last failure: ${last}`, options);
    this.retryable = options.retryable ?? true;
  }
}

function isWorthRetrying(reason: unknown): boolean {
  const { retryable }: { readonly retryable?: unknown } = Object(reason);
  return retryable !== false;
}

/** Say a given reason as text, whatever its type. */
function wordsOf(reason: unknown): string {
  if (reason instanceof Error) return reason.message;
  return typeof reason === "string" ? reason : inspect(reason, { breakLength: Infinity });
}
