const codes: ReadonlySet<unknown> = new Set(["ENOSPC", "EROFS", "EDQUOT", "EIO"]);

/** Find in an error, or in what caused it, that a disk is full, read-only or broken. */
export function diskProblemOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && codes.has(error.code)) return error;
  return diskProblemOf(error.cause);
}
