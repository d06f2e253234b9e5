import { setMaxListeners } from "node:events";
import type { ClockTimer } from "../clock.ts";
import type { Ring } from "../ring.ts";
import type { Deferred } from "../wait.ts";

import type { Behavior, Context, Overflow, Ref, Shutdown, SpawnOptions } from "./behavior.ts";
import type { Expiring } from "./deadlines.ts";
import { StoppedError } from "./errors.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";
import type { Kernel } from "./kernel.ts";
import { Mailbox, type OwnTimer, type SystemMessage } from "./mailbox.ts";
import type { NameHolder } from "./names.ts";
import type { CallParty, PendingCall } from "./pending-call.ts";
import type { Runnable } from "./scheduler.ts";

/** The stage of life of one incarnation. */
export type CellStatus =
  /** `init` has not succeeded yet. */
  | "starting"
  /** The actor handles messages. */
  | "running"
  /** The actor was asked to end, or has failed; it accepts no new message. */
  | "stopping"
  /** The actor is closed: its effects are void. */
  | "ended";

/** Called once when an incarnation has ended. */
export interface Watcher {
  ended(exit: Exit): void;
}

/** The slot that a cell lives in. */
export interface CellHome {
  readonly path: string;
  readonly keepsMailbox: boolean;
  /** Take over messages that the ended incarnation has not handled. Only called when `keepsMailbox` is true. */
  carry(messages: readonly unknown[]): void;
  /** Note that the incarnation has ended. `afterlife` is its work that still runs. */
  vacate(exit: Exit, afterlife: ReadonlySet<Promise<void>> | undefined): void;
}

/** One entry among an actor's children: a cell or a slot. */
export interface ChildEntry {
  readonly name: string;
  /** The cell that lives there now. */
  readonly living: Cell | undefined;
  /** Note that the parent has ended. */
  orphaned(): void;
}

export interface CellSetup {
  readonly kernel: Kernel<Cell>;
  readonly name: string;
  readonly path: string;
  readonly epoch: number;
  readonly parent: Cell | undefined;
  readonly home: CellHome | undefined;
  readonly behavior: Behavior<unknown, unknown>;
  readonly options: SpawnOptions<never>;
}

const workerShutdownMs = 5_000;

/** The moment at which a stop becomes a kill. */
export interface StopDeadline extends Expiring {
  /** The deadline of the stop before it, of the same cell. */
  readonly before: StopDeadline | undefined;
}

/** Code of an ended incarnation that still runs. */
export interface OrphanedCode {
  /** A word for the work: `init`, the type of a message, `terminate`. */
  readonly doing: string;
  readonly since: number;
  /** Call it when the code has settled. */
  readonly settled: () => void;
}

/** A resource that is released at the end. */
export interface Owned {
  readonly dispose: () => void | Promise<void>;
}

/**
 * The data of one incarnation of an actor. Functions of other files act on it.
 *
 * Every cell has the same fields in the same order. A field that few actors need is filled at its first use.
 */
export class Cell implements Runnable, NameHolder, CallParty, ChildEntry {
  readonly kernel: Kernel<Cell>;
  readonly pid: number;
  readonly name: string;
  readonly path: string;
  readonly epoch: number;
  readonly parent: Cell | undefined;
  readonly home: CellHome | undefined;
  readonly behavior: Behavior<unknown, unknown>;
  readonly options: SpawnOptions<never>;
  status: CellStatus = "starting";
  /** True while it waits in the run queue. */
  queued = false;
  /** True while a promise that a handler returned has not settled. */
  busy = false;
  /** True once `init` was called. */
  entered = false;
  /** True once `init` has made a state: `terminate` has something to act on. */
  hasState = false;
  suspended = false;
  /** True once its end has begun: no message is handled any more. */
  winding = false;
  /** True when it handles the queued messages before it ends. */
  drains = false;
  /** True when handlers run in an async scope, so that code after an await still counts as the actor's. */
  scoped: boolean;
  unstarted: "failed" | "ignored" | undefined = undefined;
  state: unknown = undefined;
  readonly mailbox = new Mailbox<unknown>();
  readonly max: number | undefined;
  system: Ring<SystemMessage> | undefined = undefined;
  /** The number of messages whose handling has begun. */
  handling = 0;
  /** The current message; undefined between messages. */
  current: unknown = undefined;
  since = 0;
  call: PendingCall | undefined = undefined;
  reason: ExitReason | undefined = undefined;
  startError: unknown = undefined;
  /** Set while its code still runs after the end. */
  orphan: OrphanedCode | undefined = undefined;
  /** The work that still runs after a kill: its code, its disposers. */
  afterlife: Set<Promise<void>> | undefined = undefined;
  /** The number of effects that it has tried after its end. */
  fenced = 0;
  children: Map<string, ChildEntry> | undefined = undefined;
  watchers: Set<Watcher> | undefined = undefined;
  watching: Set<{ cancel(): void }> | undefined = undefined;
  links: Set<Cell> | undefined = undefined;
  trap: ((exit: Exit) => unknown) | undefined = undefined;
  names: Set<string> | undefined = undefined;
  owned: Set<Owned> | undefined = undefined;
  timers: Map<string, OwnTimer> | undefined = undefined;
  stash: Mailbox<unknown> | undefined = undefined;
  /** The timer of one slow step: the start, or a message that may get stuck. */
  watchdog: ClockTimer | undefined = undefined;
  /** The number of open waits for something outside. */
  awaiting = 0;
  /** The promise of the start, once somebody awaits it. */
  starting: Deferred<boolean> | undefined = undefined;
  exited: Promise<ExitReason> | undefined = undefined;
  /** Settles `exited`. */
  tellExited: ((reason: ExitReason) => void) | undefined = undefined;
  /** The deadline of the newest stop that waits for it. */
  stopDeadline: StopDeadline | undefined = undefined;
  ref: Ref | undefined = undefined;
  context: Context<unknown> | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #unanswered: Set<PendingCall> | undefined = undefined;
  #asked: Set<PendingCall> | undefined = undefined;

  constructor(setup: CellSetup) {
    this.kernel = setup.kernel;
    this.pid = setup.kernel.nextPid();
    this.name = setup.name;
    this.path = setup.path;
    this.epoch = setup.epoch;
    this.parent = setup.parent;
    this.home = setup.home;
    this.behavior = setup.behavior;
    this.options = setup.options;
    this.max = (setup.options.mailbox ?? setup.kernel.mailbox).max;
    const { awaits, init, receive } = setup.behavior;
    this.scoped = awaits ?? (isAsync(receive) || isAsync(init));
  }

  get living(): Cell | undefined {
    return this.status === "ended" ? undefined : this;
  }

  get overflow(): Overflow {
    return (this.options.mailbox ?? this.kernel.mailbox).overflow ?? "reject";
  }

  get shutdownMs(): Shutdown {
    return this.options.shutdownMs ?? workerShutdownMs;
  }

  /** The calls to it that have no answer yet. */
  get unanswered(): Set<PendingCall> {
    this.#unanswered ??= new Set();
    return this.#unanswered;
  }

  /** The calls by it that have no answer yet. */
  get asked(): Set<PendingCall> {
    this.#asked ??= new Set();
    return this.#asked;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = guardedController((error) => this.kernel.abortFailed(this, error));
      if (this.status === "stopping" || this.status === "ended") this.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller?.abort(new StoppedError(this.path));
  }

  exit(): Exit {
    const reason = this.reason ?? { type: "normal" };
    const facts = { path: this.path, pid: this.pid, epoch: this.epoch, reason };
    return this.unstarted === undefined ? facts : { ...facts, unstarted: this.unstarted };
  }

  /** Does nothing: a cell ends before its parent does. */
  orphaned(): void {}

  answeredLate(): void {
    this.kernel.answeredLate(this);
  }

  takeUnanswered(): readonly PendingCall[] {
    return this.#unanswered === undefined ? [] : [...this.#unanswered];
  }

  takeAsked(): readonly PendingCall[] {
    return this.#asked === undefined ? [] : [...this.#asked];
  }
}

/** Tell whether a method was written as an async function. */
export function isAsync(method: { readonly constructor: { readonly name: string } }): boolean {
  return method.constructor.name === "AsyncFunction";
}

/**
 * Make a controller whose signal accepts any number of listeners, also listeners that throw.
 *
 * In Node an error in an abort listener is an uncaught exception, far from the code that is at fault.
 */
function guardedController(failed: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(0, signal);
  const guarded = new WeakMap<object, Guard>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (
    type: string,
    listener: AbortListener,
    options?: AbortListenerOptions,
  ) => {
    if (listener === null) return;
    const guard = guarded.get(listener) ?? guardOf(listener, failed);
    guarded.set(listener, guard);
    add(type, guard, options);
  };
  signal.removeEventListener = (
    type: string,
    listener: AbortListener,
    options?: AbortListenerOptions,
  ) => {
    if (listener !== null) remove(type, guarded.get(listener) ?? listener, options);
  };
  return controller;
}

type AbortListener = Parameters<EventTarget["addEventListener"]>[1];
type AbortListenerOptions = Parameters<EventTarget["addEventListener"]>[2];
type Guard = (event: Event) => void;

function guardOf(listener: NonNullable<AbortListener>, failed: (error: unknown) => void): Guard {
  return (event) => {
    try {
      if (typeof listener === "function") listener(event);
      else listener.handleEvent(event);
    } catch (error) {
      failed(error);
    }
  };
}
