import { lineSeq } from "./line.ts";

/** A line longer than this is damage: no writer makes one, and it is not kept in memory. */
const longestLine = 64 * 1024 * 1024;

/** A line as it lies in a file. */
export interface RawLine {
  readonly bytes: Buffer;
  /** The offset of its first byte in its file. */
  readonly offset: number;
  /** The offset of the next line. */
  readonly next: number;
  /** True when its newline is there. */
  readonly ended: boolean;
}

/** Cut chunks of a file into lines. What follows the last newline comes as a line that has not ended. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  start = 0,
): AsyncGenerator<RawLine> {
  let rest: Buffer[] = [];
  let held = 0;
  let offset = start;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, end));
      const bytes = rest.length === 1 ? chunk.subarray(from, end) : Buffer.concat(rest);
      const next = offset + held + (end - from) + 1;
      yield { bytes, offset, next, ended: true };
      offset = next;
      rest = [];
      held = 0;
      from = end + 1;
    }
    held += chunk.length - from;
    if (held <= longestLine) rest.push(chunk.subarray(from));
  }
  if (held > 0) yield { bytes: Buffer.concat(rest), offset, next: offset + held, ended: false };
}

/** The content of one file of a journal. */
export interface Scan {
  /** The first and the last good line's `seq`; 0 when there is none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Bytes of the longest valid prefix. */
  readonly validBytes: number;
  /** Bytes after it that nobody can read: a torn tail. */
  readonly tornBytes: number;
}

/** The place of a damage that no torn write explains. */
export interface Damage {
  readonly line: number;
  readonly offset: number;
  readonly why: string;
}

/**
 * Find the longest valid prefix: good checksums, `seq` dense.
 *
 * Bad lines at the very end are a torn tail. A bad line with good ones after it, and a good line
 * that is out of order, are damage.
 */
export async function scanLines(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<Scan | Damage> {
  let firstSeq = 0;
  let lastSeq = 0;
  let validBytes = 0;
  let size = 0;
  let line = 0;
  let bad: Damage | undefined;
  for await (const { bytes, offset, next, ended } of linesOf(chunks)) {
    line += 1;
    size = next;
    const seq = ended ? lineSeq(bytes) : undefined;
    if (seq === undefined) bad ??= { line, offset, why: "its checksum is wrong" };
    else if (bad) return bad;
    else if (Number.isNaN(seq)) return { line, offset, why: "it is of another version" };
    else if (lastSeq !== 0 && seq !== lastSeq + 1) return outOfOrder(line, offset, lastSeq);
    else {
      firstSeq ||= seq;
      lastSeq = seq;
      validBytes = size;
    }
  }
  return { firstSeq, lastSeq, validBytes, tornBytes: size - validBytes };
}

function outOfOrder(line: number, offset: number, lastSeq: number): Damage {
  return { line, offset, why: `it does not follow entry ${lastSeq}` };
}
