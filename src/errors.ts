/**
 * The parent of every error that ramure throws to a caller.
 *
 * `code` is stable and meant for programs; the message says what failed, where, and what to do next.
 */
export abstract class RamureError extends Error {
  abstract readonly code: string;
  /** Whether doing the same again may succeed. A supervisor does not restart what is not retryable. */
  readonly retryable: boolean = true;

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The actor that was running has been stopped: an ambient await of it rejects with this. */
export class StoppedError extends RamureError {
  readonly code = "stopped";
  override readonly retryable = false;
  constructor(path: string, why = "it was stopped") {
    super(`${path}: ${why}; what it was waiting for will not come.`);
  }
}

/** A `call` had no answer in time. */
export class CallTimeoutError extends RamureError {
  readonly code = "call-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} did not reply within ${timeoutMs} ms; is it busy with a long message?`);
  }
}

/** What was called has ended, or ended before it answered. */
export class DownError extends RamureError {
  readonly code = "down";
  constructor(
    path: string,
    /** Why the actor ended. */
    readonly reason: { readonly type: string; readonly message?: string | undefined },
  ) {
    super(`${path} ended before it replied (${reason.message ?? reason.type}).`);
  }
}

/** Nobody has this path or name. */
export class NoProcError extends RamureError {
  readonly code = "noproc";
  constructor(path: string) {
    super(`There is no actor at ${path}; it has ended or was never started.`);
  }
}

/** The name or path is taken by a living actor. */
export class AlreadyStartedError extends RamureError {
  readonly code = "already-started";
  constructor(
    path: string,
    readonly pid: number,
  ) {
    super(`${path} is already started (pid ${pid}); choose another name or stop that one first.`);
  }
}

/** A name is not of the form that paths, files and tmux can all carry. */
export class InvalidNameError extends RamureError {
  readonly code = "invalid-name";
  override readonly retryable = false;
  constructor(what: string, name: string) {
    super(
      `${JSON.stringify(name)} cannot be the name of ${what}; use 1 to 64 characters of a-z, 0-9, _ and -, not starting with _ or -.`,
    );
  }
}

/** A machine or harness does not have the ability that was asked for. */
export class UnsupportedError extends RamureError {
  readonly code = "unsupported";
  override readonly retryable = false;
  constructor(kind: string, ability: string) {
    super(`A ${kind} machine has no ${ability}(); choose an image whose machines have it.`);
  }
}
