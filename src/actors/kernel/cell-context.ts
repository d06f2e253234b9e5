import type { Clock } from "../clock.ts";
import type { EventLog } from "../events/index.ts";
import type {
  AnyRef,
  Behavior,
  Context,
  Monitor,
  Ref,
  Reply,
  Slot,
  SlotOptions,
  SpawnOptions,
  Stash,
  Timers,
} from "./behavior.ts";
import type { Cell, Owned } from "./cell.ts";
import { nameOf } from "./dead-letters.ts";
import { disposeLate } from "./disposal.ts";
import { OverflowError } from "./errors.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";
import { Mailbox } from "./mailbox.ts";
import { CellMonitor, link, unlink } from "./monitors.ts";
import { notice } from "./notices.ts";
import { CallMessage } from "./pending-call.ts";
import { bindTo, countFenced } from "./scope.ts";
import { CellSlot } from "./slot.ts";
import { noOptions, refOf, spawnChild } from "./spawning.ts";
import { requestStop } from "./stop-request.ts";
import { CellTimers } from "./timers.ts";

const maxStashed = 1_000;

/** The context of one incarnation: its abilities while it lives. */
export class CellContext implements Context<unknown> {
  readonly #cell: Cell;
  #timers: Timers<unknown> | undefined;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  get self(): Ref<unknown> {
    return refOf(this.#cell);
  }

  get parent(): Ref | undefined {
    const parent = this.#cell.parent;
    return parent === undefined || parent.path === "" ? undefined : refOf(parent);
  }

  get epoch(): number {
    return this.#cell.epoch;
  }

  get clock(): Clock {
    return this.#cell.kernel.clock;
  }

  get signal(): AbortSignal {
    return this.#cell.signal;
  }

  get from(): Reply<unknown> | undefined {
    return this.#cell.call;
  }

  get timers(): Timers<unknown> {
    this.#timers ??= new CellTimers(this.#cell, (effect) => this.#live(effect));
    return this.#timers;
  }

  get stash(): Stash {
    return new CellStash(this.#cell, (effect) => this.#live(effect));
  }

  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<unknown>): Ref<M> {
    const given = (options ?? noOptions) as SpawnOptions<never>;
    return refOf(spawnChild(this.#live("spawn"), behavior, given));
  }

  slot<M>(options: SlotOptions = {}): Slot<M, unknown> {
    return new CellSlot(this.#live("slot"), options) as Slot<M, unknown>;
  }

  monitor(target: AnyRef, toMessage: (exit: Exit) => unknown): Monitor {
    return new CellMonitor(this.#live("monitor"), target, toMessage);
  }

  link(target: AnyRef): void {
    link(this.#live("link"), target);
  }

  unlink(target: AnyRef): void {
    unlink(this.#live("unlink"), target);
  }

  trapExit(toMessage: (exit: Exit) => unknown): void {
    this.#live("trapExit").trap = toMessage;
  }

  own(dispose: () => void | Promise<void>): () => void {
    const cell = this.#cell;
    const owned: Owned = { dispose };
    if (cell.status === "ended") {
      disposeLate(cell, owned);
      throw countFenced(cell, "own");
    }
    cell.owned ??= new Set();
    cell.owned.add(owned);
    return () => cell.owned?.delete(owned);
  }

  reply<Value>(from: Reply<Value>, value: Value): void {
    this.#live("reply");
    from.send(value);
  }

  get events(): EventLog {
    const { kernel, path, epoch } = this.#cell;
    return kernel.logs.of(path, epoch);
  }

  emit(type: string, data?: unknown): void {
    const { kernel, path, epoch } = this.#live("emit");
    kernel.logs.of(path, epoch).append(type, data, { epoch });
  }

  exit(reason: ExitReason = { type: "normal" }): void {
    requestStop(this.#live("exit"), reason);
  }

  unhandled(): void {
    const cell = this.#live("unhandled");
    notice(cell, "unhandled", { message: nameOf(cell.current) });
  }

  awaiting(): () => void {
    const cell = this.#live("awaiting");
    cell.awaiting += 1;
    let open = true;
    return () => {
      if (open) cell.awaiting -= 1;
      open = false;
    };
  }

  bind<Args extends readonly unknown[], Result>(
    callback: (...args: Args) => Result,
  ): (...args: Args) => Result {
    return bindTo(this.#cell, callback);
  }

  /** Return the cell of a living incarnation; throw for an ended one. */
  #live(effect: string): Cell {
    if (this.#cell.status === "ended") throw countFenced(this.#cell, effect);
    return this.#cell;
  }
}

class CellStash implements Stash {
  readonly #cell: Cell;
  readonly #live: (effect: string) => Cell;

  constructor(cell: Cell, live: (effect: string) => Cell) {
    this.#cell = cell;
    this.#live = live;
  }

  get size(): number {
    return this.#cell.stash?.length ?? 0;
  }

  push(): void {
    const cell = this.#live("stash");
    if (this.size >= maxStashed) throw new OverflowError(cell.path, "stash", maxStashed);
    cell.stash ??= new Mailbox();
    const { current, call } = cell;
    cell.stash.push(call === undefined ? current : new CallMessage(current, call));
  }

  unstashAll(): void {
    const cell = this.#live("stash");
    const stashed = cell.stash?.takeAll() ?? [];
    for (const message of stashed.reverse()) cell.mailbox.unshift(message);
    if (!cell.busy) cell.kernel.scheduler.ready(cell);
  }
}
