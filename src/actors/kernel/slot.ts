import type { Behavior, Ref, Slot, SlotOptions, SpawnOptions } from "./behavior.ts";
import type { Cell, CellHome, ChildEntry } from "./cell.ts";
import type { DeadLetterReason, DeadLetters } from "./dead-letters.ts";
import { enqueue } from "./delivery.ts";
import { AlreadyStartedError } from "./errors.ts";
import type { Exit } from "./exit-reason.ts";
import { AddressRef, type Vacancy } from "./refs.ts";
import { addChild, checkAlive, createCell, nameFor, refOf } from "./spawning.ts";

const defaultMaxWaiting = 1_000;
const nothing: ReadonlySet<Promise<void>> = new Set();

/** A place among a parent's children. It outlives the incarnations that live in it. */
export class CellSlot implements Slot<unknown, never>, CellHome, ChildEntry, Vacancy {
  readonly name: string;
  readonly path: string;
  readonly address: Ref<unknown>;
  readonly #parent: Cell;
  readonly #options: SlotOptions;
  #epoch = 0;
  #cell: Cell | undefined;
  #lastExit: Exit | undefined;
  #waiting: unknown[] = [];
  #released = false;
  readonly #afterlife = new Set<Promise<void>>();

  constructor(parent: Cell, options: SlotOptions) {
    this.#parent = parent;
    this.#options = options;
    this.name = nameFor(parent, options.name, options.kind);
    this.path = `${parent.path}/${this.name}`;
    this.address = new AddressRef(this);
    addChild(parent, this);
  }

  get epoch(): number {
    return this.#epoch;
  }

  get living(): Cell | undefined {
    return this.#cell;
  }

  get lastExit(): Exit | undefined {
    return this.#lastExit;
  }

  /** The number of messages that wait for the next incarnation. */
  get waiting(): number {
    return this.#waiting.length;
  }

  get keepsMailbox(): boolean {
    return this.#options.mailbox === "keep" && !this.#released;
  }

  start<State>(
    behavior: Behavior<unknown, State>,
    options: Omit<SpawnOptions<never>, "name"> = {},
  ): Ref<unknown> {
    if (this.#cell !== undefined) throw new AlreadyStartedError(this.path, this.#cell.pid);
    if (this.#released) this.#takeBack();
    checkAlive(this.#parent);
    this.#epoch += 1;
    const site = { parent: this.#parent, name: this.name, epoch: this.#epoch, home: this };
    const kind = options.kind ?? this.#options.kind;
    const cell = createCell(site, behavior, { ...options, kind });
    this.#cell = cell;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) enqueue(cell, message);
    return refOf(cell);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (this.#cell !== undefined) return;
    this.#giveUpName();
  }

  orphaned(): void {
    this.#bury("stopped");
  }

  carry(messages: readonly unknown[]): void {
    for (const message of messages) this.#keep(message);
  }

  async settled(): Promise<void> {
    while (this.#afterlife.size > 0) await Promise.all(this.#afterlife);
  }

  vacate(exit: Exit, afterlife: ReadonlySet<Promise<void>> = nothing): void {
    for (const each of afterlife) this.#await(each);
    this.#lastExit = exit;
    this.#cell = undefined;
    if (this.#released) this.#giveUpName();
  }

  sendToNobody(message: unknown): boolean {
    if (this.keepsMailbox && !this.#parent.winding && this.#parent.living !== undefined) {
      return this.#keep(message);
    }
    this.#letter(this.#cell === undefined ? "noproc" : "stopped", message);
    return false;
  }

  #await(settled: Promise<void>): void {
    this.#afterlife.add(settled);
    void settled.then(() => this.#afterlife.delete(settled));
  }

  #keep(message: unknown): boolean {
    if (this.#waiting.length >= (this.#options.maxWaiting ?? defaultMaxWaiting)) {
      this.#letter("overflow", message);
      return false;
    }
    this.#waiting.push(message);
    return true;
  }

  #takeBack(): void {
    nameFor(this.#parent, this.name);
    this.#released = false;
    addChild(this.#parent, this);
  }

  #giveUpName(): void {
    this.#bury("stopped");
    if (this.#parent.children?.get(this.name) === this) this.#parent.children.delete(this.name);
  }

  #bury(reason: DeadLetterReason): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) this.#letter(reason, message);
  }

  #letter(reason: DeadLetterReason, message: unknown): void {
    this.#parent.kernel.deadLetters.add(this.address, reason, message);
  }
}

/** A path that is looked up at each use. */
export class PathAddress implements Vacancy {
  readonly path: string;
  readonly #find: () => ChildEntry | undefined;
  readonly #deadLetters: DeadLetters;

  constructor(path: string, find: () => ChildEntry | undefined, deadLetters: DeadLetters) {
    this.path = path;
    this.#find = find;
    this.#deadLetters = deadLetters;
  }

  get living(): Cell | undefined {
    return this.#find()?.living;
  }

  get epoch(): number {
    const child = this.#find();
    if (child instanceof CellSlot) return child.epoch;
    return child?.living?.epoch ?? 0;
  }

  sendToNobody(message: unknown): boolean {
    const child = this.#find();
    if (child instanceof CellSlot) return child.sendToNobody(message);
    const reason = child === undefined ? "noproc" : "stopped";
    this.#deadLetters.add({ path: this.path, pid: child?.living?.pid ?? 0 }, reason, message);
    return false;
  }
}
