import { RamureError } from "../../errors.ts";

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

/** The caller's signal aborted before the answer came. */
export class CallAbortedError extends RamureError {
  readonly code = "aborted";
  constructor(path: string, cause: unknown) {
    super(`The call to ${path} was given up by its signal; its answer will be dropped.`, { cause });
  }
}

/** The called actor has ended, or ended before it answered. */
export class DownError extends RamureError {
  readonly code = "down";
  constructor(
    path: string,
    /** The reason of the actor's end. */
    readonly reason: { readonly type: string; readonly message?: string | undefined },
  ) {
    super(`${path} ended before it replied (${reason.message ?? reason.type}).`);
  }
}

/** No actor has this path or name. */
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

/** An actor's `init` took too long; the incarnation was closed. */
export class StartTimeoutError extends RamureError {
  readonly code = "start-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} was not started within ${timeoutMs} ms; raise startTimeoutMs if init needs it.`);
  }
}

/** A mailbox or a stash has no room for one more. */
export class OverflowError extends RamureError {
  readonly code = "overflow";
  constructor(path: string, what: "mailbox" | "stash", max: number) {
    super(`The ${what} of ${path} is full (${max}); send more slowly or give it a larger bound.`);
  }
}

/** An actor called itself, directly or through actors that wait for each other. */
export class DeadlockError extends RamureError {
  override readonly retryable = false;
  constructor(
    path: string,
    readonly code: "self" | "deadlock",
  ) {
    super(`A call to ${path} would wait for itself; send a message instead, or reply later.`);
  }
}
