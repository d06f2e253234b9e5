import { FieldError } from "../../actors/data/index.ts";
import { RamureError } from "../../errors.ts";

/** The reason why a run did not do what was asked through its control socket. */
export type ControlReason =
  /** The request has a wrong shape, or asks for something that cannot be. */
  | "bad-request"
  /** Nothing in the run has this name. */
  | "not-found"
  /** Several things in the run have this name. */
  | "ambiguous"
  /** The thing cannot do that, or not now. */
  | "wrong-state"
  /** The answer took too long. */
  | "timed-out"
  /** The run has too many clients, or the client too many requests. */
  | "busy"
  /** The run stops. */
  | "shutting-down"
  /** The run cannot be reached at its socket. */
  | "unreachable"
  /** The act failed in the run. */
  | "failed";

/** The facts that help a person to ask better. */
export interface ControlFacts {
  readonly why?: string | undefined;
  readonly hint?: string | undefined;
  /** Names like the one that was not found. */
  readonly near?: readonly string[] | undefined;
  /** Paths that an ambiguous name may have meant. */
  readonly candidates?: readonly string[] | undefined;
}

/** A run answered with an error through its control socket, or could not be reached there. */
export class ControlError extends RamureError {
  readonly code = "control";
  constructor(
    readonly reason: ControlReason,
    message: string,
    readonly facts: ControlFacts = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

const reasonOfCode: Readonly<Record<string, ControlReason>> = {
  noproc: "not-found",
  "no-endpoint": "not-found",
  down: "wrong-state",
  stopped: "wrong-state",
  cancelled: "wrong-state",
  unsupported: "wrong-state",
  "machine-stopped": "wrong-state",
  "call-timeout": "timed-out",
  "endpoint-timeout": "timed-out",
  "process-timeout": "timed-out",
};

/** Turn whatever was thrown into what a control client is told. No stack crosses. */
export function asControlError(error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof FieldError) return new ControlError("bad-request", error.message);
  const message = error instanceof Error ? error.message || error.name : String(error);
  const reason = error instanceof RamureError ? reasonOfCode[error.code] : undefined;
  return new ControlError(reason ?? "failed", message, {}, { cause: error });
}
