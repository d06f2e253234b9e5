import type { Later } from "./clock.ts";

const everyMs = 5_000;

/** Tells now and then that a reply comes in, however long it is: without it a slow model looks stuck. */
export class TokenReport {
  readonly #later: Later;
  readonly #tell: (pieces: number) => void;
  #pieces = 0;
  #isQuiet = false;

  constructor(later: Later, tell: (pieces: number) => void) {
    this.#later = later;
    this.#tell = tell;
  }

  /** Take in that more of the reply came. */
  came(): void {
    this.#pieces += 1;
    if (this.#isQuiet) return;
    this.#isQuiet = true;
    this.#tell(this.#pieces);
    this.#later(everyMs, () => {
      this.#isQuiet = false;
    });
  }

  /** Take in that a message is complete. */
  ended(): void {
    this.#pieces = 0;
  }
}
