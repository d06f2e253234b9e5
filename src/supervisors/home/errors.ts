import { RamureError } from "../../errors.ts";

/** The log directory that a program named cannot be used, or a live run has it. */
export class LogDirectoryError extends RamureError {
  readonly code = "log-dir";
  override readonly retryable = false;
  constructor(path: string, why: string, cause?: unknown) {
    super(`${path} ${why}; give this run another logDir.`, { cause });
  }
}
