/** Where in its file an entry begins. A file may have been put aside since: look whether it stands there. */
export interface Landmark {
  readonly seq: number;
  readonly offset: number;
  /** Its line, from 1. */
  readonly line: number;
}

const apartBytes = 256 * 1024;

/** Places in a journal that a reader may begin at, so that it need not read from the first line. */
export class Landmarks {
  #all: Landmark[] = [];

  /** Note where a batch begins; those too near to the last one are left out. */
  add(landmark: Landmark): void {
    const last = this.#all.at(-1);
    const isNear =
      last !== undefined &&
      last.offset <= landmark.offset &&
      landmark.offset < last.offset + apartBytes;
    if (!isNear && landmark.seq > 0) this.#all.push(landmark);
  }

  /** Forget what lies before this entry: its file is gone. */
  forgetBefore(seq: number): void {
    this.#all = this.#all.filter((landmark) => landmark.seq >= seq);
  }

  /** The last one that is not after this entry. */
  before(seq: number): Landmark | undefined {
    return this.#all.findLast((landmark) => landmark.seq <= seq);
  }
}
