import { setMaxListeners } from "node:events";
import type { ClockTimer } from "../clock.ts";
import type { Ring } from "../ring.ts";
import type { Behavior, Context, MailboxOptions, Ref, Shutdown, SpawnOptions } from "./behavior.ts";
import { StoppedError } from "./errors.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";
import type { Kernel } from "./kernel.ts";
import { Mailbox, type OwnTimer, type SystemMessage } from "./mailbox.ts";
import type { NameHolder } from "./names.ts";
import type { CallParty, PendingCall } from "./pending-call.ts";
import type { Runnable } from "./scheduler.ts";

export type CellStatus = "starting" | "running" | "stopping" | "ended";

/** Hears, once, that an incarnation has ended. */
export interface Watcher {
  ended(exit: Exit): void;
}

/** The place that a cell lives in, when it has one. */
export interface CellHome {
  readonly path: string;
  readonly keepsMailbox: boolean;
  /** What the last incarnation left unhandled; only with `keepsMailbox`. */
  carry(messages: readonly unknown[]): void;
  /** The incarnation is no more; what is still under way of it is in `afterlife`. */
  vacate(exit: Exit, afterlife: ReadonlySet<Promise<void>> | undefined): void;
}

/** What stands among an actor's children, in start order. */
export interface ChildEntry {
  readonly name: string;
  /** Who lives there now. */
  readonly living: Cell | undefined;
  /** The parent has ended. */
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

/** Who waits for the start. */
export interface Starting {
  readonly promise: Promise<boolean>;
  readonly resolve: (ran: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Code of an ended incarnation that still runs. */
export interface OrphanedCode {
  /** A word for the work: `init`, the type of a message, `terminate`. */
  readonly doing: string;
  readonly since: number;
  /** Call it when the code has settled. */
  readonly settled: () => void;
}

/** Something to release at the end. */
export interface Owned {
  readonly dispose: () => void | Promise<void>;
}

/**
 * One incarnation of an actor: what is known of it, and nothing that it does.
 *
 * Every cell has the same fields in the same order; what not every actor needs is made on first use.
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
  /** Waits in the run queue. */
  queued = false;
  /** A handler returned a promise that has not settled. */
  busy = false;
  /** `init` was entered. */
  entered = false;
  /** `init` gave a state: there is something to terminate. */
  hasState = false;
  suspended = false;
  /** Its end is under way: no message is handled any more. */
  winding = false;
  /** Handles what is queued before it ends. */
  drains = false;
  /** Handlers run in an async scope, so that what follows their awaits is known as theirs. */
  scoped: boolean;
  unstarted: "failed" | "ignored" | undefined = undefined;
  state: unknown = undefined;
  readonly mailbox = new Mailbox<unknown>();
  readonly max: number | undefined;
  system: Ring<SystemMessage> | undefined = undefined;
  /** Counts the messages that it has begun to handle. */
  handling = 0;
  /** What it handles now; undefined between messages. */
  current: unknown = undefined;
  since = 0;
  call: PendingCall | undefined = undefined;
  reason: ExitReason | undefined = undefined;
  startError: unknown = undefined;
  /** Set while its code still runs after the end. */
  orphan: OrphanedCode | undefined = undefined;
  /** What is still under way after a kill: its code, its disposers. */
  afterlife: Set<Promise<void>> | undefined = undefined;
  /** Effects that were tried after the end. */
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
  /** Watches one slow step: the start, or a message that may get stuck. */
  watchdog: ClockTimer | undefined = undefined;
  /** How many waits for somebody outside are open. */
  awaiting = 0;
  starting: Starting | undefined = undefined;
  exited: Promise<ExitReason> | undefined = undefined;
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

  get overflow(): NonNullable<MailboxOptions["overflow"]> {
    return (this.options.mailbox ?? this.kernel.mailbox).overflow ?? "reject";
  }

  get shutdownMs(): Shutdown {
    return this.options.shutdownMs ?? workerShutdownMs;
  }

  /** The calls that it has not answered. */
  get unanswered(): Set<PendingCall> {
    this.#unanswered ??= new Set();
    return this.#unanswered;
  }

  /** The calls that it waits for. */
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

  /** A cell ends before its parent does: there is nothing left to do. */
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

/** Tell whether a method was written as an async one. */
export function isAsync(method: { readonly constructor: { readonly name: string } }): boolean {
  return method.constructor.name === "AsyncFunction";
}

/**
 * Make a controller whose signal bears any number of listeners, also ones that throw.
 *
 * In Node an abort listener's error is an uncaught exception, far from whoever made the mistake.
 */
function guardedController(failed: (error: unknown) => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  setMaxListeners(0, signal);
  const guarded = new WeakMap<object, Guard>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: AbortListener, options?: AbortListenerOptions) => {
    if (listener === null) return;
    const guard = guarded.get(listener) ?? guardOf(listener, failed);
    guarded.set(listener, guard);
    add(type, guard, options);
  };
  signal.removeEventListener = (type: string, listener: AbortListener, options?: AbortListenerOptions) => {
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
