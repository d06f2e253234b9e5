import type { Clock } from "../clock.ts";
import type { EventLog } from "../events/index.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";

/** What `init` returns to say that there is nothing to run; the start is no failure. */
export const ignore: unique symbol = Symbol("ramure.ignore");
export type Ignore = typeof ignore;

/** What an actor does. One message at a time; the state it returns is committed when the handler settles well. */
export interface Behavior<Message, State> {
  /**
   * Whether `receive` may await. What follows its awaits is then known as this actor's: calls that
   * wait for each other in a circle are found, and effects after a kill are void. A behavior that
   * hands `receive` on to another one says so here. Default: whether `receive` is an async function.
   */
  readonly awaits?: boolean | undefined;
  /** Make the first state. A throw, or more time than `startTimeoutMs`, fails the start. */
  init(context: Context<Message>): State | Ignore | Promise<State | Ignore>;
  /** Run after the start succeeded and before any message (OTP: `handle_continue`). */
  started?(state: State, context: Context<Message>): State | Promise<State>;
  /** Handle one message. A throw ends the actor with that error; its supervisor decides. */
  receive(state: State, message: Message, context: Context<Message>): State | Promise<State>;
  /**
   * Run when the actor is to end: the signal has aborted, the children still live. Skipped by a
   * kill. A throw becomes the reason of the end.
   */
  stopping?(state: State, reason: ExitReason, context: Context<Message>): void | Promise<void>;
  /** Run at the end, after the children are down and before monitors hear of it. Skipped by a kill. */
  terminate?(state: State, reason: ExitReason, context: Context<Message>): void | Promise<void>;
}

/** One way to answer one `call`. */
export interface Reply<Value> {
  /** Answer. The first answer counts; a later one is dropped. */
  send(value: Value): void;
  /** Answer that it failed: the caller's `call` rejects with `error`. The actor lives on. */
  fail(error: unknown): void;
  /** Aborts when the caller no longer waits (its timeout, its signal, its end). */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  /** How long to wait, in ms; 0 or Infinity means no limit. Default: 5_000. */
  readonly timeoutMs?: number | undefined;
  /** Stops the waiting, not the actor. */
  readonly signal?: AbortSignal | undefined;
}

/** The handle of one incarnation of an actor, or of an address (whoever lives there now). */
export interface Ref<in Message = unknown> {
  readonly path: string;
  /** Unique in the system, never reused. 0 for an address where nobody lives now. */
  readonly pid: number;
  /** Counts the incarnations of a slot, from 1. */
  readonly epoch: number;
  /** Put a message into the mailbox. Never runs a handler, never throws; false means dead letter. */
  send(message: Message): boolean;
  /** Send and wait for the answer. Rejects with CallTimeoutError, DownError, NoProcError or what the actor failed with. */
  call<Value>(make: (reply: Reply<Value>) => Message, options?: CallOptions): Promise<Value>;
  call(message: Message, options?: CallOptions): Promise<unknown>;
  /** Call back once, later, when this incarnation has ended; with `noproc` when it has already. */
  monitor(down: (exit: Exit) => void): Monitor;
  /** Resolves when `init` succeeded (true) or was ignored (false); rejects with the start's error. */
  readonly started: Promise<boolean>;
  /** Resolves with the reason when this incarnation has ended. Never rejects. */
  readonly exited: Promise<ExitReason>;
  /**
   * Ask it to stop, children first, and wait for its end. Never rejects.
   *
   * One that is still there after `shutdownMs` is killed. What is queued becomes dead letters.
   */
  stop(reason?: ExitReason, options?: StopOptions): Promise<ExitReason>;
  /** Close it now: its effects stop, its resources are released, its code is abandoned. */
  kill(): Promise<ExitReason>;
}

export interface StopOptions {
  /** Handle what is queued first. Default: false. */
  readonly drain?: boolean | undefined;
  /** How long to wait before the kill. Default: what the actor was spawned with. */
  readonly shutdownMs?: Shutdown | undefined;
}

/** A ref of whatever takes whatever: for what is done to an actor without sending to it. */
export type AnyRef = Ref<never>;

/** What `shutdownMs` may be: a budget in ms, then kill; wait without end; or kill at once. */
export type Shutdown = number | "infinity" | "brutal-kill";

export interface MailboxOptions {
  /** Messages it holds. Default: no bound. */
  readonly max?: number | undefined;
  /** What happens to one too many. Default: `reject`. */
  readonly overflow?: "reject" | "drop-new" | "drop-old" | "crash" | undefined;
}

export interface SpawnOptions<ParentMessage = never> {
  /** Unique among siblings. Default: the kind and a counter. */
  readonly name?: string | undefined;
  /** A word for trees and logs: `process`, `agent`, `machine`, `supervisor`. Default: `actor`. */
  readonly kind?: string | undefined;
  readonly mailbox?: MailboxOptions | undefined;
  /** How long `init` may take, in ms; Infinity for no limit. Default: 5_000. */
  readonly startTimeoutMs?: number | undefined;
  /** How long it may take to stop when its parent stops. Default: 5_000. */
  readonly shutdownMs?: Shutdown | undefined;
  /** How its own children are stopped: one after another, last started first, or all at once. Default: `in-reverse`. */
  readonly stopChildren?: "in-reverse" | "together" | undefined;
  /** When one message takes longer than this, a `stuck` event says so. Default: it may take any time. */
  readonly stuckAfterMs?: number | undefined;
  /** What happens to who is stuck: only the event, or it is killed and fails with class `stuck`. Default: `report`. */
  readonly whenStuck?: "report" | "kill" | undefined;
  /** Makes the message that the parent receives, ahead of its queue, when this child has ended. Default: none is sent. */
  readonly onExit?: ((exit: Exit) => ParentMessage) | undefined;
}

/** A place among a parent's children that outlives its incarnations: name, path, epoch count, carried mailbox. */
export interface Slot<Message = unknown, ParentMessage = never> {
  readonly path: string;
  /** Whoever lives in the slot now; sends while nobody does wait here (`keep`) or become dead letters (`drop`). */
  readonly address: Ref<Message>;
  /** Start the next incarnation. Throws AlreadyStartedError while one lives. */
  start<State>(
    behavior: Behavior<Message, State>,
    options?: Omit<SpawnOptions<ParentMessage>, "name"> | undefined,
  ): Ref<Message>;
  /** Give up the name; what waited becomes dead letters. */
  release(): void;
  /** Resolves when no code of an ended incarnation runs any more and all that it owned is released. */
  settled(): Promise<void>;
}

export interface SlotOptions {
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  /** What happens to the queue of an incarnation that ended. Default: `drop`. */
  readonly mailbox?: "keep" | "drop" | undefined;
  /** How many messages wait while nobody lives there. Default: 1_000. */
  readonly maxWaiting?: number | undefined;
}

export interface TimerOptions {
  /** What cancels it: any other message, or a handler that returns another state. Default: nothing. */
  readonly until?: "message" | "state-change" | undefined;
}

/** Timers that end with their actor. A message of a cancelled timer is never handled, even when it was queued. */
export interface Timers<in Message> {
  /** Send `message` to oneself in `delayMs`. A timer of the same key is replaced. */
  after(key: string, delayMs: number, message: Message, options?: TimerOptions): void;
  /** Send `message` to oneself every `periodMs`. */
  every(key: string, periodMs: number, message: Message): void;
  cancel(key: string): void;
}

/** Messages put aside; they come back in order, ahead of newer ones. */
export interface Stash {
  /** Put aside the message being handled. Throws when 1_000 are there already. */
  push(): void;
  unstashAll(): void;
  readonly size: number;
}

export interface Monitor {
  /** After this no `down` message of it is handled, not even one already queued. */
  cancel(): void;
}

/** What an actor may do, while it lives. After its end every method has no effect and throws StoppedError. */
export interface Context<Message> {
  readonly self: Ref<Message>;
  readonly parent: Ref | undefined;
  readonly epoch: number;
  readonly clock: Clock;
  /** Aborts when the actor is asked to stop; made when first read. */
  readonly signal: AbortSignal;
  /** Who waits for an answer to the message being handled, when it came by `call`. */
  readonly from: Reply<unknown> | undefined;
  readonly timers: Timers<Message>;
  readonly stash: Stash;
  /** Start a child. Returns at once; `started` of the ref tells how `init` went. */
  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<Message>): Ref<M>;
  /** Reserve a name among the children, for incarnations to come and go in. */
  slot<M>(options?: SlotOptions): Slot<M, Message>;
  /** Receive one message, ahead of the queue, when `target` has ended (at once when it already has). */
  monitor(target: AnyRef, toMessage: (exit: Exit) => Message): Monitor;
  /** End together with `target` when either fails. */
  link(target: AnyRef): void;
  unlink(target: AnyRef): void;
  /** Receive the end of a linked actor as a message instead of ending. */
  trapExit(toMessage: (exit: Exit) => Message): void;
  /** Release this at the actor's end, last owned first. Returns how to release it from the actor without calling it. */
  own(dispose: () => void | Promise<void>): () => void;
  reply<Value>(from: Reply<Value>, value: Value): void;
  /** The actor's event log, which `emit` appends to. */
  readonly events: EventLog;
  /** Append to the actor's event log. */
  emit(type: string, data?: unknown): void;
  /** End after the message being handled. Default: `normal`. */
  exit(reason?: ExitReason): void;
  /** Report that the behavior has no use for the message being handled. */
  unhandled(): void;
  /** Say that the handler waits for somebody outside, such as a person, and is not stuck, until the returned function is called. */
  awaiting(): () => void;
  /** Make a callback of a library act as this actor. */
  bind<Args extends readonly unknown[], Result>(
    callback: (...args: Args) => Result,
  ): (...args: Args) => Result;
}
