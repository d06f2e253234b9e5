import { NoProcError, StoppedError } from "../errors.ts";
import type { Behavior, MailboxOptions, Monitor, Ref, SpawnOptions } from "./behavior.ts";
import { Cell } from "./cell.ts";
import { CellContext } from "./cell-context.ts";
import type { Clock } from "./clock.ts";
import { type DeadLetter, DeadLetters } from "./dead-letters.ts";
import { Deadlines } from "./deadlines.ts";
import { kill, stopWithin, watch } from "./ending.ts";
import type { EventLog } from "./event-log.ts";
import { type Exit, type ExitReason, errorExit } from "./exit-reason.ts";
import { type GroupFace, groupFace } from "./group-face.ts";
import { Groups } from "./groups.ts";
import { type ActorInfo, describe, findChild, type TreeOptions } from "./introspection.ts";
import type { CrashReport, Kernel, Orphan } from "./kernel.ts";
import { Logs } from "./logs.ts";
import { link } from "./monitors.ts";
import { Names } from "./names.ts";
import { notice } from "./notices.ts";
import { PathAddress } from "./path-address.ts";
import { AddressRef, CellRef } from "./refs.ts";
import { Scheduler } from "./scheduler.ts";
import { noOptions, refOf, spawnChild } from "./spawning.ts";
import { systemClock } from "./system-clock.ts";
import { type Attribute, sample, type TopEntry, top } from "./top.ts";
import { runTurn } from "./turn.ts";

export interface SystemOptions {
  /** Where time comes from. Default: the machine's own. */
  readonly clock?: Clock | undefined;
  /** For actors that say nothing of their mailbox. Default: no bound. */
  readonly mailbox?: MailboxOptions | undefined;
  /** Hears of every crash. Whatever it throws is dropped. Default: nobody does. */
  readonly onCrash?: ((report: CrashReport) => void) | undefined;
  /** Hears of the first few dead letters a second. Default: nobody does. */
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
  /** Takes secrets out of states and messages before anybody reads them in a crash report. */
  readonly redact?: ((value: unknown) => unknown) | undefined;
  /** A handler that holds the thread for longer gets a `loop-blocked` event. Default: 200. */
  readonly loopBlockedMs?: number | undefined;
}

export interface SystemStopOptions {
  /** How long the whole tree may take; then what is left is killed. Default: as long as its actors' own budgets. */
  readonly deadlineMs?: number | undefined;
  readonly reason?: ExitReason | undefined;
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
  register(name: string, ref: Ref): void;
  /** False, and nothing changes, when `ref` does not hold it. */
  unregister(name: string, ref: Ref): boolean;
  /** The names held now. */
  registered(): readonly string[];
  readonly groups: GroupFace;
  /** Call back, later, when `target` has ended. */
  monitor(target: Ref, down: (exit: Exit) => void): Monitor;
  /** Tie two actors together: the failure of one is the end of the other. */
  link(one: Ref, other: Ref): void;
  /** Hold back its messages; stops, ends of others and reads get through. */
  suspend(ref: Ref): void;
  resume(ref: Ref): void;
  /** The state after the last message that was handled well. */
  getState(ref: Ref): unknown;
  /** Have the next message find another state. */
  replaceState(ref: Ref, change: (state: unknown) => unknown): void;
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

const defaultBlockedMs = 200;

/** Make an empty tree of actors. */
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

  register(name: string, ref: Ref): void {
    const cell = living(ref);
    if (cell.status === "stopping") throw new StoppedError(cell.path);
    this.#kernel.names.register(name, cell);
  }

  unregister(name: string, ref: Ref): boolean {
    const cell = CellRef.cellOf(ref);
    return cell !== undefined && this.#kernel.names.unregister(name, cell);
  }

  registered(): readonly string[] {
    return this.#kernel.names.list();
  }

  monitor(target: Ref, down: (exit: Exit) => void): Monitor {
    const cell = CellRef.cellOf(target);
    let wanted = true;
    const later = (exit: Exit) => queueMicrotask(() => wanted && down(exit));
    const watcher = { ended: later };
    if (cell?.living === undefined) later(noProc(target));
    else watch(cell, watcher);
    return {
      cancel: () => {
        wanted = false;
        cell?.watchers?.delete(watcher);
      },
    };
  }

  link(one: Ref, other: Ref): void {
    link(living(one), other);
  }

  suspend(ref: Ref): void {
    living(ref).suspended = true;
  }

  resume(ref: Ref): void {
    const cell = living(ref);
    cell.suspended = false;
    if (!cell.busy) this.#kernel.scheduler.ready(cell);
  }

  getState(ref: Ref): unknown {
    return living(ref).state;
  }

  replaceState(ref: Ref, change: (state: unknown) => unknown): void {
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
    return [...this.#kernel.orphans];
  }

  stop(options: SystemStopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stopAll(options);
    return this.#stopping;
  }

  async #stopAll({ deadlineMs, reason }: SystemStopOptions): Promise<void> {
    const cause = reason ?? { type: "shutdown", cause: "api" };
    const late = () => kill(this.#root, "deadline");
    const timer = deadlineMs === undefined ? undefined : this.clock.setTimer(deadlineMs, late);
    await stopWithin(this.#root, cause, deadlineMs === 0 ? 0 : "infinity");
    if (deadlineMs === undefined) await this.#reaped();
    timer?.cancel();
    this.#forgetClock?.();
  }

  async #reaped(): Promise<void> {
    while (this.#kernel.reaping.size > 0) await Promise.all(this.#kernel.reaping);
  }

  #find(pathOrName: string): Cell | undefined {
    if (!pathOrName.startsWith("/")) return this.#kernel.names.holder(pathOrName);
    return findChild(this.#root, pathOrName)?.living;
  }
}

function makeKernel(options: SystemOptions): Kernel<Cell> {
  const clock = options.clock ?? systemClock;
  const deadLetters = new DeadLetters(clock, options.onDeadLetter ?? (() => undefined));
  const scheduler = new Scheduler<Cell>({
    run: runTurn,
    onBlocked: (cell, ms) => notice(cell, "loop-blocked", { forMs: Math.round(ms) }),
    blockedMs: options.loopBlockedMs ?? defaultBlockedMs,
  });
  let pid = 0;
  return {
    clock,
    scheduler,
    deadLetters,
    names: new Names(),
    groups: new Groups(),
    deadlines: new Deadlines(clock),
    logs: new Logs(clock),
    orphans: new Set(),
    reaping: new Set(),
    mailbox: options.mailbox ?? {},
    nextPid: () => {
      pid += 1;
      return pid;
    },
    equip,
    crashed: (cell, error) => reportCrash(options, cell, error),
    answeredLate: (cell) => notice(cell, "late-reply", {}),
    abortFailed: (cell, error) =>
      notice(cell, "abort-callback-failed", { message: errorExit(error).message }),
  };
}

function equip(cell: Cell): void {
  cell.ref = new CellRef(cell);
  cell.context = new CellContext(cell);
}

function reportCrash({ onCrash, redact }: SystemOptions, cell: Cell, error: unknown): void {
  if (onCrash === undefined) return;
  const { path, pid, epoch, state, current } = cell;
  const shown = redact ?? ((value: unknown) => value);
  try {
    onCrash({ path, pid, epoch, error, state: shown(state), message: shown(current) });
  } catch {
    // The one who logs must not harm the one who crashed.
  }
}

/** The root is an actor that handles nothing: it is there to be the parent of all. */
function makeRoot(kernel: Kernel<Cell>): Cell {
  const behavior: Behavior<unknown, unknown> = { init: () => "root", receive: (state) => state };
  const options: SpawnOptions<never> = { kind: "root", shutdownMs: "infinity" };
  const site = { name: "", path: "", epoch: 1, parent: undefined, place: undefined };
  const root = new Cell({ kernel, behavior, options, ...site });
  equip(root);
  kernel.scheduler.ready(root);
  return root;
}

function living(ref: Ref): Cell {
  const cell = CellRef.cellOf(ref)?.living;
  if (cell === undefined) throw new NoProcError(ref.path);
  return cell;
}

function noProc({ path, pid, epoch }: Ref): Exit {
  return { path, pid, epoch, reason: { type: "noproc" } };
}
