/** The most that one line may hold, in bytes of UTF-8, its end of line left out. */
export const maxLineBytes = 1_048_576;

/** A peer sent more without an end of line than one message may hold. */
class LineTooLongError extends Error {
  readonly code = "line-too-long";
  constructor() {
    super(`A line has more than ${maxLineBytes} bytes.`);
    this.name = "LineTooLongError";
  }
}

/** Cuts a stream of bytes into lines, holding at most one unfinished line of `maxLineBytes`. */
export class LineReader {
  #chunks: Buffer[] = [];
  #held = 0;

  /** Gives the lines that these bytes complete. Throws LineTooLongError; the stream cannot be used after that. */
  *read(bytes: Buffer): Generator<string> {
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      this.#hold(bytes.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#hold(bytes.subarray(start));
  }

  #hold(part: Buffer): void {
    this.#held += part.length;
    if (this.#held > maxLineBytes) throw new LineTooLongError();
    if (part.length > 0) this.#chunks.push(part);
  }

  #take(): string {
    const line = Buffer.concat(this.#chunks, this.#held).toString("utf8");
    this.#chunks = [];
    this.#held = 0;
    return line;
  }
}
