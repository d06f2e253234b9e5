import { ControlError, type ControlReason } from "../supervisors/runtime/outside.ts";

/** The exit codes of every command; what `connect`, `ssh` and `run` start gives its own. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  ambiguous: 4,
  notAnswering: 5,
  wrongState: 6,
  refused: 7,
  timedOut: 124,
  interrupted: 130,
} as const;

/** A command's failure: what it could not do, why, and what the person may do about it. */
export class CliError extends Error {
  readonly why: string | undefined;
  readonly todo: string | undefined;
  readonly exitCode: number;

  constructor(
    what: string,
    facts: {
      readonly exitCode: number;
      readonly why?: string | undefined;
      readonly todo?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(what, { cause: facts.cause });
    this.name = "CliError";
    this.why = facts.why;
    this.todo = facts.todo;
    this.exitCode = facts.exitCode;
  }
}

const codeOfReason: Readonly<Record<ControlReason, number>> = {
  "bad-request": exitCodes.usage,
  "not-found": exitCodes.notFound,
  ambiguous: exitCodes.ambiguous,
  "wrong-state": exitCodes.wrongState,
  "timed-out": exitCodes.timedOut,
  "shutting-down": exitCodes.notAnswering,
  unreachable: exitCodes.notAnswering,
  busy: exitCodes.failed,
  failed: exitCodes.failed,
};

/** Say what was thrown as a command's failure. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof ControlError) return fromControl(error);
  const what = error instanceof Error ? error.message : String(error);
  return new CliError(what, { exitCode: exitCodes.failed, cause: error });
}

function fromControl(error: ControlError): CliError {
  const { why, hint, near = [], candidates = [] } = error.facts;
  const meant = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : undefined;
  const listed = candidates.length > 0 ? `It may be ${candidates.join(", ")}.` : undefined;
  return new CliError(error.message, {
    exitCode: codeOfReason[error.reason],
    why: [listed, why].filter(Boolean).join(" ") || undefined,
    todo: [meant, hint].filter(Boolean).join(" ") || undefined,
    cause: error,
  });
}
