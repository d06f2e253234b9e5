import { checkOptions, type OptionKinds } from "../../options.ts";
import type { Clock } from "../clock.ts";
import type { EventLog } from "../events/index.ts";
import { atMost } from "../wait.ts";
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
  /** The time for the whole tree; then the rest is killed. Default: the sum of the actors' own budgets. */
  readonly deadlineMs?: number | undefined;
  /** The reason that the actors get. Default: a `shutdown` with cause `api`. */
  readonly reason?: ExitReason | undefined;
  /** The time to wait for the release of what killed actors owned. Default: 5_000; 0 with a `deadlineMs` of 0. */
  readonly reapMs?: number | undefined;
}

/** One tree of actors in this process. */
export interface System {
  readonly clock: Clock;
  /** Start an actor at `/name`. */
  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<never>): Ref<M>;
  /** Find the actor that lives at a path such as `/pool/t0001` or holds a registered name. Never an ended one. */
  whereis<M = unknown>(pathOrName: string): Ref<M> | undefined;
  /** Make a ref of a path. Each use finds the actor that lives there at that moment. */
  address<M = unknown>(path: string): Ref<M>;
  /** Give the actor a name beside its path until its end. Throws AlreadyStartedError for a taken name. */
  register(name: string, ref: AnyRef): void;
  /** Free the name. Returns false and changes nothing when `ref` does not hold it. */
  unregister(name: string, ref: AnyRef): boolean;
  /** List the names that are held now. */
  registered(): readonly string[];
  readonly groups: GroupFace;
  /** Call back once, later, when `target` has ended. */
  monitor(target: AnyRef, down: (exit: Exit) => void): Monitor;
  /** Link two actors: the failure of one ends the other. */
  link(one: AnyRef, other: AnyRef): void;
  /** Hold back the actor's messages. Stops, ends of others and reads still reach it. */
  suspend(ref: AnyRef): void;
  /** Deliver the actor's messages again. */
  resume(ref: AnyRef): void;
  /** Read the state after the last message that was handled well. */
  getState(ref: AnyRef): unknown;
  /** Replace the state for the next message. */
  replaceState(ref: AnyRef, change: (state: unknown) => unknown): void;
  /** The newest 1_000 messages that no actor handled. The `data` of an event is a DeadLetter. */
  readonly deadLetters: EventLog;
  /** The events of the actor at `path`, from its birth. `/` has the kernel's own events about any actor. */
  events(path: string): EventLog;
  /** Describe the whole tree, children in start order. */
  tree(options?: TreeOptions): ActorInfo;
  /** Find the actors with the highest value of an attribute. */
  top(attribute: Attribute, limit?: number): readonly TopEntry[];
  /** Find the actors whose attribute grows most within `windowMs` from now. */
  topOver(attribute: Attribute, windowMs: number, limit?: number): Promise<readonly TopEntry[]>;
  /** List the code of ended incarnations that still runs. */
  orphans(): readonly Orphan[];
  /** Stop all actors, last started first. A second call returns the same promise. */
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
  checkOptions("createSystem()", options, optionKinds);
  return new ActorSystem(options);
}

const optionKinds: OptionKinds<SystemOptions> = {
  clock: "object",
  mailbox: "object",
  onCrash: "function",
  onDeadLetter: "function",
  redact: "function",
  loopBlockedMs: "number",
};

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

  /** Wait until the resources of killed actors are released, but no longer than `limitMs`. */
  async #reaped(limitMs: number): Promise<void> {
    const { reaping } = this.#kernel;
    if (reaping.size === 0) return;
    const released = (async () => {
      while (reaping.size > 0) await Promise.all(reaping);
    })();
    await atMost(this.clock, limitMs, released);
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

/** Sets of living actors by key. */
export interface GroupFace {
  /** Make the actor a member. One that joined twice must leave twice. Throws for an actor that is stopping. */
  join(key: string, ref: AnyRef): void;
  /** Undo one join. Returns false when the actor is no member. */
  leave(key: string, ref: AnyRef): boolean;
  members(key: string): readonly Ref[];
  /** Call `listener` with the members now and then once for each change. Returns a function that stops this. */
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
