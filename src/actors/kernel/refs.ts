import { deferred } from "../wait.ts";
import type { AnyRef, CallOptions, Monitor, Ref, Reply, StopOptions } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { deliver } from "./delivery.ts";
import { exitOf, kill, stopWithin, watch } from "./ending.ts";
import { CallAbortedError, DeadlockError, DownError, NoProcError, StoppedError } from "./errors.ts";
import { type Exit, type ExitReason, exitOfNobody } from "./exit-reason.ts";
import { CallMessage, findCircle, PendingCall } from "./pending-call.ts";
import { endedCaller, refuse, scopeNow } from "./scope.ts";

const asked: ExitReason = Object.freeze({ type: "shutdown", cause: "api" });

/** The handle of one incarnation. */
export class CellRef implements Ref {
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  /** Find the incarnation behind a ref, for the kernel's own files; undefined when no actor lives there. */
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
    // Safe cast: `make` received a `Reply<Value>`, so only a `Value` can arrive here.
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

/** The place behind an address, with or without an actor. */
export interface Vacancy {
  readonly path: string;
  readonly epoch: number;
  /** The actor that lives there now. */
  readonly living: Cell | undefined;
  /** Take a message while no actor lives there, or while it is stopping. */
  sendToNobody(message: unknown): boolean;
}

/** The handle of an address. Each use finds the actor that lives there at that moment. */
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

const defaultTimeoutMs = 5_000;

type Make = (reply: Reply<unknown>) => unknown;

/** Send a message and wait for the answer. `target` is undefined when no actor lives at `path`. */
function callCell(
  path: string,
  target: Cell | undefined,
  message: unknown,
  options: CallOptions = {},
): Promise<unknown> {
  const ended = endedCaller();
  if (ended !== undefined) return refuse(ended, "call");
  const { signal, timeoutMs = defaultTimeoutMs } = options;
  if (signal?.aborted === true) return Promise.reject(new CallAbortedError(path, signal.reason));
  if (target === undefined || target.status === "ended") {
    return Promise.reject(new NoProcError(path));
  }
  if (target.status === "stopping") {
    return Promise.reject(new DownError(path, target.exit().reason));
  }
  const caller = scopeNow();
  const circle = findCircle(target, caller);
  if (circle !== undefined) return Promise.reject(new DeadlockError(path, circle));
  // Calls are the hot path: `Deadlines` serves many with one timer, and `waiting` would set one each.
  return new Promise((resolve, reject) => {
    const { deadlines } = target.kernel;
    const call = new PendingCall({ target, caller, timeoutMs, deadlines, resolve, reject });
    if (signal !== undefined) listen(call, signal);
    post(target, message, call);
  });
}

function post(target: Cell, message: unknown, call: PendingCall): void {
  try {
    const made = typeof message === "function" ? (message as Make)(call) : message;
    const taken = deliver(target, new CallMessage(made, call));
    if (!taken) call.giveUp(new DownError(target.path, target.exit().reason));
  } catch (error) {
    call.giveUp(error);
  }
}

function listen(call: PendingCall, signal: AbortSignal): void {
  const aborted = () => call.giveUp(new CallAbortedError(call.target.path, signal.reason));
  signal.addEventListener("abort", aborted, { once: true });
  call.unlisten = () => signal.removeEventListener("abort", aborted);
}

/** Call back once, later, when `cell` has ended; with `noproc` when it is not alive now. */
function watchEnd(target: AnyRef, cell: Cell | undefined, down: (exit: Exit) => void): Monitor {
  let wanted = true;
  const watcher = { ended: (exit: Exit) => queueMicrotask(() => wanted && down(exit)) };
  if (cell?.living === undefined) watcher.ended(exitOfNobody(target));
  else watch(cell, watcher);
  return {
    cancel: () => {
      wanted = false;
      cell?.watchers?.delete(watcher);
    },
  };
}

/** Wait until `init` has succeeded or was ignored. A rejection that nobody handles is no unhandled one. */
function startOf(cell: Cell): Promise<boolean> {
  if (cell.starting !== undefined) return cell.starting.promise;
  if (cell.unstarted === "ignored") return Promise.resolve(false);
  if (cell.hasState) return Promise.resolve(true);
  if (cell.status === "ended") {
    const failed = Promise.reject(cell.startError ?? new StoppedError(cell.path));
    failed.catch(() => undefined);
    return failed;
  }
  cell.starting = deferred();
  return cell.starting.promise;
}
