const smallest = 8;
const worthShrinking = 1_024;

/** A queue with two ends. It stores its items in a circle of slots; every operation takes constant time. */
export class Ring<Item> {
  #slots: (Item | undefined)[] = new Array(smallest);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Add an item at the back. */
  push(item: Item): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  /** Add an item at the front: `shift` takes it next. */
  unshift(item: Item): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = item;
    this.#length += 1;
  }

  /** Take the item at the front; undefined when the queue is empty. */
  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    if (this.#length === 0) this.#rest();
    return item;
  }

  /** Take the item at the back; undefined when the queue is empty. */
  pop(): Item | undefined {
    if (this.#length === 0) return undefined;
    this.#length -= 1;
    const index = (this.#head + this.#length) & (this.#slots.length - 1);
    const item = this.#slots[index];
    this.#slots[index] = undefined;
    return item;
  }

  /** Read the item that is `offset` places behind the front, without taking it. */
  at(offset: number): Item | undefined {
    if (offset < 0 || offset >= this.#length) return undefined;
    return this.#slots[(this.#head + offset) & (this.#slots.length - 1)];
  }

  #grow(): void {
    const length = this.#slots.length;
    const slots: (Item | undefined)[] = new Array(length * 2);
    for (let index = 0; index < length; index += 1) {
      slots[index] = this.#slots[(this.#head + index) & (length - 1)];
    }
    this.#slots = slots;
    this.#head = 0;
  }

  #rest(): void {
    this.#head = 0;
    if (this.#slots.length > worthShrinking) this.#slots = new Array(smallest);
  }
}
