import { RamureError } from "../../errors.ts";

/** A child spec or a supervisor's flags cannot be worked with; nothing was started. */
export class InvalidSpecError extends RamureError {
  override readonly retryable = false;
  constructor(
    /** `missing-id`, `invalid-restart`, `bad-combination`, `duplicate-id` and their like. */
    readonly code: string,
    rule: string,
  ) {
    super(`${rule}.`);
  }
}

/** A child did not start; what had been started for it is stopped again. */
export class StartFailedError extends RamureError {
  readonly code = "start-failed";
  override readonly retryable: boolean;
  constructor(
    path: string,
    /** The id of the child. */
    readonly child: string,
    /** The reason of its failed start. */
    readonly reason: {
      readonly type: string;
      readonly message?: string | undefined;
      readonly retryable?: boolean | undefined;
    },
    options?: { readonly cause?: unknown },
  ) {
    super(`${path}: ${child} did not start: ${reason.message ?? reason.type}.`, options);
    this.retryable = reason.retryable !== false;
  }
}

/** A supervisor cannot do that to a child in the state that it is in. */
export class ChildRefusedError extends RamureError {
  constructor(
    /** `not-found`, `running`, `restarting`, `already-present` or `max-children`. */
    readonly code: string,
    path: string,
    advice: string,
  ) {
    super(`${path}: ${advice}.`);
  }
}
