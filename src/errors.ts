/**
 * The parent of every error that ramure throws to a caller.
 *
 * `code` is stable and meant for programs; the message says what failed, where, and what to do next.
 */
export abstract class RamureError extends Error {
  abstract readonly code: string;
  /** Tells that doing the same again may succeed. A supervisor does not restart what is not retryable. */
  readonly retryable: boolean = true;

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A mistake in the program that calls ramure. No retry helps; the message names the line to change. */
export class MisuseError extends RamureError {
  override readonly retryable = false;

  constructor(
    /** Names the rule that was broken: `direction`, `not-async`, `name-taken` and their like. */
    readonly code: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Give the code of an error, ramure's own or the system's, such as `ENOENT`; undefined when it has none. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Give the message of an error, or what else was thrown as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
