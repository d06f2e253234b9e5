import type { Clock } from "../clock.ts";
import type { EventLog } from "../events/index.ts";
import type { AnyRef, Behavior, Monitor, Ref, SpawnOptions } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { orphanOf } from "./disposal.ts";
import { kill, stopWithin } from "./ending.ts";
import { NoProcError, StoppedError } from "./errors.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";
import type { GroupChange, Groups } from "./groups.ts";
import {
  type ActorInfo,
  type Attribute,
  describe,
  findChild,
  sample,
  type TopEntry,
  type TreeOptions,
  top,
} from "./introspection.ts";
import type { Kernel, Orphan } from "./kernel.ts";
import { makeKernel, makeRoot, type SystemOptions } from "./make-kernel.ts";
import { link } from "./monitors.ts";
import { AddressRef, CellRef } from "./refs.ts";
import { countFenced, endedCaller } from "./scope.ts";
import { PathAddress } from "./slot.ts";
import { noOptions, refOf, spawnChild } from "./spawning.ts";

export interface SystemStopOptions {
  /** How long the whole tree may take; then what is left is killed. Default: as long as its actors' own budgets. */
  readonly deadlineMs?: number | undefined;
  readonly reason?: ExitReason | undefined;
  /** How long to wait for what killed actors owned to be released. Default: 5_000; with a `deadlineMs` of 0: not at all. */
  readonly reapMs?: number | undefined;
}

/** One tree of actors in this process. */
export interface System {
  readonly clock: Clock;
  /** Start an actor at `/name`. */
  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<never>): Ref<M>;
  /** Who lives now at a path such as `/pool/t0001`, or holds a registered name. Never somebody who has ended. */
  whereis<M = unknown>(pathOrName: string): Ref<M> | undefined;
  /** Whoever lives at the path when the address is used. */
  address<M = unknown>(path: string): Ref<M>;
  /** Hold a name beside the path until its end. Throws AlreadyStartedError when it is taken. */
  register(name: string, ref: AnyRef): void;
  /** False, and nothing changes, when `ref` does not hold it. */
  unregister(name: string, ref: AnyRef): boolean;
  /** The names held now. */
  registered(): readonly string[];
  readonly groups: GroupFace;
  /** Call back, later, when `target` has ended. */
  monitor(target: AnyRef, down: (exit: Exit) => void): Monitor;
  /** Tie two actors together: the failure of one is the end of the other. */
  link(one: AnyRef, other: AnyRef): void;
  /** Hold back its messages; stops, ends of others and reads get through. */
  suspend(ref: AnyRef): void;
  resume(ref: AnyRef): void;
  /** The state after the last message that was handled well. */
  getState(ref: AnyRef): unknown;
  /** Have the next message find another state. */
  replaceState(ref: AnyRef, change: (state: unknown) => unknown): void;
  /** What was sent to nobody, newest 1_000; `data` is a DeadLetter. */
  readonly deadLetters: EventLog;
  /** The events of the actor at `path`, from its birth; of `/`: what the kernel has to say of any actor. */
  events(path: string): EventLog;
  /** All that lives, with the root's children in start order. */
  tree(options?: TreeOptions): ActorInfo;
  /** The actors with the most of something. */
  top(attribute: Attribute, limit?: number): readonly TopEntry[];
  /** The actors in which something grew most within `windowMs` from now. */
  topOver(attribute: Attribute, windowMs: number, limit?: number): Promise<readonly TopEntry[]>;
  /** Code of ended incarnations that still runs. */
  orphans(): readonly Orphan[];
  /** Stop all, last started first; whatever it is called again with, it gives the same promise. */
  stop(options?: SystemStopOptions): Promise<void>;
}

const defaultReapMs = 5_000;

/**
 * Make an empty tree of actors.
 *
 * @example
 * ```ts
 * import { type Behavior, createSystem, type Reply } from "ramure/actors";
 *
 * type Message = { readonly add: number } | { readonly total: Reply<number> };
 *
 * const counter: Behavior<Message, number> = {
 *   init: () => 0,
 *   receive: (total, message) => {
 *     if ("add" in message) return total + message.add;
 *     message.total.send(total);
 *     return total;
 *   },
 * };
 *
 * const system = createSystem();
 * const ref = system.spawn(counter, { name: "counter" });
 * ref.send({ add: 42 });
 * console.log(await ref.call<number>((reply) => ({ total: reply }))); // 42
 * await system.stop();
 * ```
 */
export function createSystem(options: SystemOptions = {}): System {
  return new ActorSystem(options);
}

class ActorSystem implements System {
  readonly clock: Clock;
  readonly groups: GroupFace;
  readonly #kernel: Kernel<Cell>;
  readonly #root: Cell;
  readonly #forgetClock: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: SystemOptions) {
    this.#kernel = makeKernel(options);
    this.clock = this.#kernel.clock;
    this.groups = groupFace(this.#kernel.groups);
    this.#root = makeRoot(this.#kernel);
    const { scheduler } = this.#kernel;
    this.#forgetClock = this.clock.busyWhile?.(() => !scheduler.idle);
  }

  get deadLetters(): EventLog {
    return this.#kernel.deadLetters.log;
  }

  spawn<M, S>(behavior: Behavior<M, S>, options: SpawnOptions<never> = noOptions): Ref<M> {
    refuseEnded("spawn");
    return refOf(spawnChild(this.#root, behavior, options));
  }

  whereis<M>(pathOrName: string): Ref<M> | undefined {
    const cell = this.#find(pathOrName);
    return cell === undefined ? undefined : refOf(cell);
  }

  address<M>(path: string): Ref<M> {
    const { deadLetters } = this.#kernel;
    return new AddressRef(new PathAddress(path, () => findChild(this.#root, path), deadLetters));
  }

  register(name: string, ref: AnyRef): void {
    refuseEnded("register");
    const cell = living(ref);
    if (cell.status === "stopping") throw new StoppedError(cell.path);
    this.#kernel.names.register(name, cell);
  }

  unregister(name: string, ref: AnyRef): boolean {
    refuseEnded("unregister");
    const cell = CellRef.cellOf(ref);
    return cell !== undefined && this.#kernel.names.unregister(name, cell);
  }

  registered(): readonly string[] {
    return this.#kernel.names.list();
  }

  monitor(target: AnyRef, down: (exit: Exit) => void): Monitor {
    return target.monitor(down);
  }

  link(one: AnyRef, other: AnyRef): void {
    refuseEnded("link");
    link(living(one), other);
  }

  suspend(ref: AnyRef): void {
    living(ref).suspended = true;
  }

  resume(ref: AnyRef): void {
    const cell = living(ref);
    cell.suspended = false;
    if (!cell.busy) this.#kernel.scheduler.ready(cell);
  }

  getState(ref: AnyRef): unknown {
    return living(ref).state;
  }

  replaceState(ref: AnyRef, change: (state: unknown) => unknown): void {
    const cell = living(ref);
    cell.state = change(cell.state);
  }

  events(path: string): EventLog {
    return this.#kernel.logs.of(path, findChild(this.#root, path)?.living?.epoch);
  }

  tree(options?: TreeOptions): ActorInfo {
    return describe(this.#root, options);
  }

  top(attribute: Attribute, limit = 10): readonly TopEntry[] {
    return top(sample(this.#root, attribute), new Map(), limit);
  }

  async topOver(attribute: Attribute, windowMs: number, limit = 10): Promise<readonly TopEntry[]> {
    const before = sample(this.#root, attribute);
    await this.clock.sleep(windowMs);
    return top(sample(this.#root, attribute), before, limit);
  }

  orphans(): readonly Orphan[] {
    return [...this.#kernel.orphans].flatMap((cell) => orphanOf(cell) ?? []);
  }

  stop(options: SystemStopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stopAll(options);
    return this.#stopping;
  }

  async #stopAll({ deadlineMs, reason, reapMs }: SystemStopOptions): Promise<void> {
    const cause = reason ?? { type: "shutdown", cause: "api" };
    const late = () => kill(this.#root, "deadline");
    const timer = deadlineMs === undefined ? undefined : this.clock.setTimer(deadlineMs, late);
    await stopWithin(this.#root, cause, deadlineMs === 0 ? 0 : "infinity");
    timer?.cancel();
    if (deadlineMs !== 0) await this.#reaped(reapMs ?? defaultReapMs);
    this.#forgetClock?.();
  }

  /** Wait until killed actors have released what they owned, but no longer than `limitMs`. */
  async #reaped(limitMs: number): Promise<void> {
    const { reaping } = this.#kernel;
    if (reaping.size === 0) return;
    const enough = new AbortController();
    const limit = this.clock.sleep(limitMs, { signal: enough.signal }).catch(() => undefined);
    const released = (async () => {
      while (reaping.size > 0) await Promise.all(reaping);
    })();
    await Promise.race([released, limit]);
    enough.abort();
  }

  #find(pathOrName: string): Cell | undefined {
    if (!pathOrName.startsWith("/")) return this.#kernel.names.holder(pathOrName);
    return findChild(this.#root, pathOrName)?.living;
  }
}

/** Throw when the code that runs now belongs to an ended incarnation: its effects are void. */
function refuseEnded(effect: string): void {
  const ended = endedCaller();
  if (ended !== undefined) throw countFenced(ended, effect);
}

function living(ref: AnyRef): Cell {
  const cell = CellRef.cellOf(ref)?.living;
  if (cell === undefined) throw new NoProcError(ref.path);
  return cell;
}

/** Sets of living actors under a key. */
export interface GroupFace {
  /** Become a member. Who joined twice leaves twice. An actor that is stopping is refused. */
  join(key: string, ref: AnyRef): void;
  /** Undo one join; false when it is no member. */
  leave(key: string, ref: AnyRef): boolean;
  members(key: string): readonly Ref[];
  /** Hear of the members now, and then of each change once. Returns how to stop. */
  subscribe(key: string, listener: (change: GroupChange<Ref>) => void): () => void;
}

/** Show groups of cells as groups of refs. */
function groupFace(groups: Groups<Cell>): GroupFace {
  return {
    join: (key, ref) => {
      refuseEnded("groups.join");
      groups.join(key, joining(ref));
    },
    leave: (key, ref) => {
      refuseEnded("groups.leave");
      const cell = CellRef.cellOf(ref);
      return cell !== undefined && groups.leave(key, cell);
    },
    members: (key) => groups.members(key).map((cell) => refOf(cell)),
    subscribe: (key, listener) => groups.subscribe(key, (change) => listener(shown(change))),
  };
}

function joining(ref: AnyRef): Cell {
  const cell = CellRef.cellOf(ref)?.living;
  if (cell === undefined) throw new NoProcError(ref.path);
  if (cell.status === "stopping") throw new StoppedError(cell.path);
  return cell;
}

function shown(change: GroupChange<Cell>): GroupChange<Ref> {
  switch (change.type) {
    case "members":
      return { type: "members", members: change.members.map((cell) => refOf(cell)) };
    case "joined":
    case "left":
      return { type: change.type, member: refOf(change.member) };
    default:
      return change satisfies never;
  }
}
