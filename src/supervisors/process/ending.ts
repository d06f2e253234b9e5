import type { ErrorExit, ExitReason } from "../../actors/kernel/index.ts";
import { RamureError } from "../../errors.ts";
import type { FailedData } from "../endpoints/index.ts";
import { stoppedWithText } from "../supervision/index.ts";
import { CancelledError, ProcessEndedError } from "./errors.ts";

/** The end of one epoch. */
export interface Ending {
  readonly reason: ExitReason;
  /** The very value that was thrown, if one was. */
  readonly thrown?: unknown;
}

export type Terminal =
  /** The process gave a result. */
  | { readonly type: "done"; readonly data: { readonly result: unknown } }
  /** The process threw, took too long, or lost a child. */
  | { readonly type: "failed"; readonly data: FailedData }
  /** The process was stopped before it had a result. */
  | { readonly type: "cancelled"; readonly data: { readonly reason: string } };

interface Ended {
  readonly path: string;
  readonly cancelReason: string | undefined;
}

/** Translate an exit reason into the terminal event. */
export function terminalOf(process: Ended, { reason, thrown }: Ending): Terminal {
  switch (reason.type) {
    case "normal":
      return { type: "done", data: { result: reason.value } };
    case "error":
      return { type: "failed", data: failedData(reason) };
    case "shutdown":
      return isGivingUp(reason.cause)
        ? { type: "failed", data: gaveUpData(process.path, reason.cause, thrown) }
        : cancelled(process, reason);
    case "killed":
    case "noproc":
      return cancelled(process, reason);
    default:
      return reason satisfies never;
  }
}

function cancelled(process: Ended, reason: ExitReason): Terminal {
  return { type: "cancelled", data: { reason: cancelReasonOf(process, reason) } };
}

/** Make the error that `result()` rejects with: what was thrown, where something was. */
export function errorOf(process: Ended, ending: Ending): unknown {
  const terminal = terminalOf(process, ending);
  if (terminal.type === "cancelled") return new CancelledError(process.path, terminal.data.reason);
  if (ending.thrown !== undefined) return ending.thrown;
  if (terminal.type === "failed") return new ProcessEndedError(process.path, terminal.data);
  return new RangeError("A process that is done has no error.");
}

function failedData({ class: kind, message, code, retryable, stack }: ErrorExit): FailedData {
  return { class: kind, message, code, retryable, stack };
}

function isGivingUp(cause: string): boolean {
  return cause === "intensity" || cause === "not-retryable" || cause === "start-failed";
}

function gaveUpData(path: string, cause: string, thrown: unknown): FailedData {
  const message = thrown instanceof Error ? thrown.message : `${path} gave up on a child: ${cause}`;
  const retryable = thrown instanceof RamureError ? thrown.retryable : cause !== "not-retryable";
  return { class: cause, message, retryable };
}

function cancelReasonOf(process: Ended, reason: ExitReason): string {
  if (process.cancelReason !== undefined) return process.cancelReason;
  if (reason.type === "killed") return `it was killed (${reason.by})`;
  const withSibling = stoppedWithText(reason);
  if (withSibling !== undefined) return `it was ${withSibling}`;
  if (reason.type === "shutdown" && reason.cause === "parent") return "its parent ended";
  return "it was stopped";
}
