import { RamureError } from "../../errors.ts";

/** A journal is damaged in a way that no torn last line explains. */
export class JournalCorruptError extends RamureError {
  readonly code = "journal-corrupt";
  override readonly retryable = false;
  constructor(
    readonly file: string,
    readonly damage: { readonly line: number; readonly offset: number; readonly why: string },
    /** The place of the copy of the whole file. */
    readonly copy?: string | undefined,
  ) {
    const kept = copy === undefined ? "nothing was changed" : `a copy is kept as ${copy}`;
    super(
      `${file}: line ${damage.line} (byte ${damage.offset}) is damaged: ${damage.why}; ${kept}. What stands before it can be read.`,
    );
  }
}
