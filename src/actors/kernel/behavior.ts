import type { Clock } from "../clock.ts";
import type { EventLog } from "../events/index.ts";
import type { Exit, ExitReason } from "./exit-reason.ts";

/** The value that `init` returns when there is nothing to run. The start did not fail. */
export const ignore: unique symbol = Symbol("ramure.ignore");
export type Ignore = typeof ignore;

/** The code of an actor. It handles one message at a time. The state that a handler returns counts when the handler settles well. */
export interface Behavior<Message, State> {
  /**
   * Set it to true when `receive` may await. Code after an await then still counts as this actor's:
   * calls that wait for each other in a circle are found, and effects after a kill are void. A
   * behavior whose `receive` calls another behavior sets it. Default: true for an async `receive`.
   */
  readonly awaits?: boolean | undefined;
  /** Make the first state. The start fails when this throws or takes longer than `startTimeoutMs`. */
  init(context: Context<Message>): State | Ignore | Promise<State | Ignore>;
  /** Run after a successful start and before the first message (OTP: `handle_continue`). */
  started?(state: State, context: Context<Message>): State | Promise<State>;
  /** Handle one message. A throw ends the actor with that error; its supervisor decides what follows. */
  receive(state: State, message: Message, context: Context<Message>): State | Promise<State>;
  /**
   * Run when the actor is asked to end: the signal has aborted, and the children still live. A kill
   * skips it. An error that it throws becomes the reason of the end.
   */
  stopping?(state: State, reason: ExitReason, context: Context<Message>): void | Promise<void>;
  /** Run at the end, after the children have ended and before monitors are told. A kill skips it. */
  terminate?(state: State, reason: ExitReason, context: Context<Message>): void | Promise<void>;
}

/** The means to answer one `call`. */
export interface Reply<Value> {
  /** Answer the call. The first answer counts; a later one is dropped. */
  send(value: Value): void;
  /** Answer with a failure: the caller's `call` rejects with `error`. The actor lives on. */
  fail(error: unknown): void;
  /** Aborts when the caller no longer waits: after its timeout, its signal or its end. */
  readonly signal: AbortSignal;
}

export interface CallOptions {
  /** The longest wait, in ms; 0 or Infinity means no limit. Default: 5_000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait. The actor goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** A handle of one incarnation of an actor, or of an address: the actor that lives there now. */
export interface Ref<in Message = unknown> {
  readonly path: string;
  /** Unique in the system and never reused. 0 for an address where no actor lives now. */
  readonly pid: number;
  /** The number of the incarnation in its slot, from 1. */
  readonly epoch: number;
  /** Put a message into the mailbox. Never runs a handler and never throws. False means that the message is a dead letter. */
  send(message: Message): boolean;
  /** Send a message and wait for the answer. Rejects with CallTimeoutError, DownError, NoProcError or the error that the actor answered. */
  call<Value>(make: (reply: Reply<Value>) => Message, options?: CallOptions): Promise<Value>;
  call(message: Message, options?: CallOptions): Promise<unknown>;
  /** Call back once, later, when this incarnation has ended; with `noproc` when it had ended before. */
  monitor(down: (exit: Exit) => void): Monitor;
  /** Resolves with true when `init` has succeeded and with false when it returned `ignore`. Rejects with the error of the start. */
  readonly started: Promise<boolean>;
  /** Resolves with the reason when this incarnation has ended. Never rejects. */
  readonly exited: Promise<ExitReason>;
  /**
   * Stop the actor, its children first, and wait for its end. Never rejects.
   *
   * An actor that has not ended after `shutdownMs` is killed. Queued messages become dead letters.
   */
  stop(reason?: ExitReason, options?: StopOptions): Promise<ExitReason>;
  /** Close the incarnation now: its effects stop, its resources are released, its code is abandoned. */
  kill(): Promise<ExitReason>;
}

export interface StopOptions {
  /** Handle the queued messages first. Default: false. */
  readonly drain?: boolean | undefined;
  /** The time before the kill. Default: the actor's own `shutdownMs`. */
  readonly shutdownMs?: Shutdown | undefined;
}

/** A ref of any actor, for operations that send no message. */
export type AnyRef = Ref<never>;

/** The time that a stop may take. */
export type Shutdown =
  /** A budget in ms; then the actor is killed. */
  | number
  /** No limit. */
  | "infinity"
  /** None: the actor is killed at once, without its hooks. */
  | "brutal-kill";

export interface MailboxOptions {
  /** The number of messages that may wait. Default: no bound. */
  readonly max?: number | undefined;
  /** The treatment of a message that finds the mailbox full. Default: `reject`. */
  readonly overflow?: Overflow | undefined;
}

/** The treatment of a message that finds the mailbox full. */
export type Overflow =
  /** The message becomes a dead letter, and `send` returns false. */
  | "reject"
  /** The same as `reject`. */
  | "drop-new"
  /** The oldest queued message becomes a dead letter and makes room. */
  | "drop-old"
  /** The message becomes a dead letter, and the actor ends with an error of class `overflow`. */
  | "crash";

export interface SpawnOptions<ParentMessage = never> {
  /** Unique among siblings. Default: the kind and a counter. */
  readonly name?: string | undefined;
  /** A word for trees and logs: `process`, `agent`, `machine`, `supervisor`. Default: `actor`. */
  readonly kind?: string | undefined;
  readonly mailbox?: MailboxOptions | undefined;
  /** The limit for `init`, in ms; Infinity for none. Default: 5_000. */
  readonly startTimeoutMs?: number | undefined;
  /** The time to stop when its parent stops. Default: 5_000. */
  readonly shutdownMs?: Shutdown | undefined;
  /** The order of stopping its own children: one after another, last started first, or all at once. Default: `in-reverse`. */
  readonly stopChildren?: "in-reverse" | "together" | undefined;
  /** A message that takes longer than this makes a `stuck` event. Default: no limit. */
  readonly stuckAfterMs?: number | undefined;
  /** The treatment of a stuck actor: only the event, or a kill and an end of class `stuck`. Default: `report`. */
  readonly whenStuck?: "report" | "kill" | undefined;
  /** Makes the message that the parent receives, ahead of its queue, when this child has ended. Default: no message. */
  readonly onExit?: ((exit: Exit) => ParentMessage) | undefined;
}

/** A place among a parent's children that outlives its incarnations. It keeps name, path, epoch and, where asked, the mailbox. */
export interface Slot<Message = unknown, ParentMessage = never> {
  readonly path: string;
  /** The actor that lives in the slot now. While the slot is vacant, messages wait (`keep`) or become dead letters (`drop`). */
  readonly address: Ref<Message>;
  /** Start the next incarnation. Throws AlreadyStartedError while one lives. */
  start<State>(
    behavior: Behavior<Message, State>,
    options?: Omit<SpawnOptions<ParentMessage>, "name"> | undefined,
  ): Ref<Message>;
  /** Give up the name. Messages that wait become dead letters. */
  release(): void;
  /** Resolves when no code of an ended incarnation runs any more and everything that it owned is released. */
  settled(): Promise<void>;
}

export interface SlotOptions {
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  /** The treatment of messages that an ended incarnation has not handled: `keep` them for the next one, or `drop` them. Default: `drop`. */
  readonly mailbox?: "keep" | "drop" | undefined;
  /** The number of messages that may wait while the slot is vacant. Default: 1_000. */
  readonly maxWaiting?: number | undefined;
}

export interface TimerOptions {
  /** Cancels the timer: any other message, or a handler that returns another state. Default: neither does. */
  readonly until?: "message" | "state-change" | undefined;
}

/** Timers that end with their actor. The message of a cancelled timer is never handled, even if it was queued. */
export interface Timers<in Message> {
  /** Send `message` to this actor in `delayMs`. A timer of the same key is replaced. */
  after(key: string, delayMs: number, message: Message, options?: TimerOptions): void;
  /** Send `message` to this actor every `periodMs`. */
  every(key: string, periodMs: number, message: Message): void;
  cancel(key: string): void;
}

/** Messages that were put aside. They come back in order, ahead of newer messages. */
export interface Stash {
  /** Put the current message aside. Throws when the stash holds 1_000 messages. */
  push(): void;
  unstashAll(): void;
  readonly size: number;
}

export interface Monitor {
  /** Stop watching. No message of this monitor is handled after this, even if it was queued. */
  cancel(): void;
}

/** The abilities of a living actor. After its end every method throws StoppedError and has no effect. */
export interface Context<Message> {
  readonly self: Ref<Message>;
  readonly parent: Ref | undefined;
  readonly epoch: number;
  readonly clock: Clock;
  /** Aborts when the actor is asked to stop. */
  readonly signal: AbortSignal;
  /** The means to answer the current message; undefined when it did not come by `call`. */
  readonly from: Reply<unknown> | undefined;
  readonly timers: Timers<Message>;
  readonly stash: Stash;
  /** Start a child. Returns at once; `started` of the ref settles after `init`. */
  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<Message>): Ref<M>;
  /** Reserve a name among the children for one incarnation after another. */
  slot<M>(options?: SlotOptions): Slot<M, Message>;
  /** Receive one message, ahead of the queue, when `target` has ended; at once when it had ended before. */
  monitor(target: AnyRef, toMessage: (exit: Exit) => Message): Monitor;
  /** Link this actor with `target`: when one of them fails, the other ends too. */
  link(target: AnyRef): void;
  unlink(target: AnyRef): void;
  /** Receive the end of a linked actor as a message instead of ending. */
  trapExit(toMessage: (exit: Exit) => Message): void;
  /** Call `dispose` at the actor's end, last owned first. Returns a function that gives up this duty. */
  own(dispose: () => void | Promise<void>): () => void;
  reply<Value>(from: Reply<Value>, value: Value): void;
  /** The actor's event log: `emit` appends to it. */
  readonly events: EventLog;
  /** Append to the actor's event log. */
  emit(type: string, data?: unknown): void;
  /** End after the current message. Default: `normal`. */
  exit(reason?: ExitReason): void;
  /** Report that the behavior does not handle the current message. */
  unhandled(): void;
  /** Report that the handler waits for something outside, such as a person, and is not stuck. The returned function ends this. */
  awaiting(): () => void;
  /** Wrap a callback so that it runs as this actor, from wherever it is called. */
  bind<Args extends readonly unknown[], Result>(
    callback: (...args: Args) => Result,
  ): (...args: Args) => Result;
}
