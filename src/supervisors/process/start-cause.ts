import { StartFailedError } from "../../errors.ts";

/** Give what a child's start really failed with, for a caller who knows of no supervisor. */
export function causeOf(error: unknown): unknown {
  if (error instanceof StartFailedError && error.cause !== undefined) return error.cause;
  return error;
}
