import { RamureError } from "../../errors.ts";

/** The event that was waited for did not come in time. */
export class WaitTimeoutError extends RamureError {
  readonly code = "wait-timeout";
  constructor(path: string, what: string, timeoutMs: number) {
    super(`No ${what} event came from ${path} within ${timeoutMs} ms.`);
  }
}

/** The log ended without the event that was waited for. */
export class LogEndedError extends RamureError {
  readonly code = "log-ended";
  constructor(path: string, what: string) {
    super(`The events of ${path} ended without ${what}; read them to see why.`);
  }
}
