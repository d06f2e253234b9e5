import type { AnyRef, CallOptions, Monitor, Ref, StopOptions } from "./behavior.ts";
import { callCell } from "./calls.ts";
import type { Cell } from "./cell.ts";
import { deliver } from "./delivery.ts";
import { exitOf, kill, stopWithin } from "./ending.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";
import { startOf } from "./start-promise.ts";
import { watchEnd } from "./watching.ts";

const asked: ExitReason = Object.freeze({ type: "shutdown", cause: "api" });

/** The handle of one incarnation. */
export class CellRef implements Ref {
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  /** The incarnation behind a ref, for the kernel's own files; undefined when nobody lives there. */
  static cellOf(ref: AnyRef): Cell | undefined {
    if (ref instanceof CellRef) return ref.#cell;
    return ref instanceof AddressRef ? ref.cell() : undefined;
  }

  get path(): string {
    return this.#cell.path;
  }

  get pid(): number {
    return this.#cell.pid;
  }

  get epoch(): number {
    return this.#cell.epoch;
  }

  get started(): Promise<boolean> {
    return startOf(this.#cell);
  }

  get exited(): Promise<ExitReason> {
    return exitOf(this.#cell);
  }

  send(message: unknown): boolean {
    return deliver(this.#cell, message);
  }

  call<Value>(message: unknown, options?: CallOptions): Promise<Value> {
    // Whoever answers gives what the caller's `make` promised; types meet where the message is made.
    return callCell(this.#cell.path, this.#cell, message, options) as Promise<Value>;
  }

  monitor(down: (exit: Exit) => void): Monitor {
    return watchEnd(this, this.#cell, down);
  }

  stop(reason: ExitReason = asked, options: StopOptions = {}): Promise<ExitReason> {
    const budget = options.shutdownMs ?? this.#cell.shutdownMs;
    return stopWithin(this.#cell, reason, budget, options.drain);
  }

  kill(): Promise<ExitReason> {
    const exited = exitOf(this.#cell);
    kill(this.#cell, "api");
    return exited;
  }
}

/** What an address does while nobody lives there. */
export interface Vacancy {
  readonly path: string;
  readonly epoch: number;
  /** Who lives there now. */
  readonly living: Cell | undefined;
  /** Take a message that finds nobody, or somebody who is ending. */
  sendToNobody(message: unknown): boolean;
}

/** The handle of a place: bound to whoever lives there when it is used. */
export class AddressRef implements Ref {
  readonly #vacancy: Vacancy;

  constructor(vacancy: Vacancy) {
    this.#vacancy = vacancy;
  }

  cell(): Cell | undefined {
    return this.#vacancy.living;
  }

  get path(): string {
    return this.#vacancy.path;
  }

  get pid(): number {
    return this.cell()?.pid ?? 0;
  }

  get epoch(): number {
    return this.#vacancy.epoch;
  }

  get started(): Promise<boolean> {
    const cell = this.cell();
    return cell === undefined ? Promise.resolve(false) : startOf(cell);
  }

  get exited(): Promise<ExitReason> {
    const cell = this.cell();
    return cell === undefined ? Promise.resolve({ type: "noproc" }) : exitOf(cell);
  }

  send(message: unknown): boolean {
    const cell = this.cell();
    if (cell !== undefined && cell.status !== "stopping") return deliver(cell, message);
    return this.#vacancy.sendToNobody(message);
  }

  call<Value>(message: unknown, options?: CallOptions): Promise<Value> {
    return callCell(this.path, this.cell(), message, options) as Promise<Value>;
  }

  monitor(down: (exit: Exit) => void): Monitor {
    return watchEnd(this, this.cell(), down);
  }

  stop(reason?: ExitReason, options?: StopOptions): Promise<ExitReason> {
    const cell = this.cell();
    return cell?.ref === undefined ? this.exited : cell.ref.stop(reason, options);
  }

  kill(): Promise<ExitReason> {
    const cell = this.cell();
    return cell?.ref === undefined ? this.exited : cell.ref.kill();
  }
}
