import { isPromise } from "../wait.ts";
import { type Context, ignore } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { nameOf } from "./dead-letters.ts";
import { adoptOrphan, settleOrphan } from "./disposal.ts";
import { closeNow, wind } from "./ending.ts";
import { StartTimeoutError, StoppedError } from "./errors.ts";
import { errorExit } from "./exit-reason.ts";
import { TimerMessage } from "./mailbox.ts";
import { notice } from "./notices.ts";
import { CallMessage, type PendingCall } from "./pending-call.ts";
import { enterCell, leaveCell, runAs } from "./scope.ts";
import { messageCancelsTimers, stateChanged } from "./timers.ts";

const startTimeoutMs = 5_000;
/** The most messages of one actor in one turn. In practice the slice ends the turn before. */
const longestTurn = 32_768;

/**
 * Run one turn of an actor: its start, its end, or the messages queued when the turn began.
 *
 * The system lane comes before each message.
 */
export function runTurn(cell: Cell): void {
  if (cell.busy || cell.winding || cell.status === "ended") return;
  if (!cell.entered) {
    start(cell);
    if (cell.busy || cell.winding) return;
  }
  handleQueued(cell);
  if (cell.busy || cell.winding || cell.living === undefined) return;
  if (isEnding(cell)) wind(cell);
  else if (hasWork(cell)) cell.kernel.scheduler.ready(cell);
}

function handleQueued(cell: Cell): void {
  const { scheduler } = cell.kernel;
  let remaining = Math.min(cell.mailbox.length, longestTurn);
  while (!cell.busy && !isEnding(cell)) {
    if (cell.system !== undefined && cell.system.length > 0) handleSystem(cell);
    else if (remaining > 0 && !cell.suspended && cell.mailbox.length > 0) {
      remaining -= 1;
      handleUser(cell, cell.mailbox.shift());
    } else return;
    if (scheduler.spent(cell)) return;
  }
}

function isEnding(cell: Cell): boolean {
  if (cell.status === "ended" || cell.winding) return true;
  return cell.status === "stopping" && !(cell.drains && cell.mailbox.length > 0);
}

function hasWork(cell: Cell): boolean {
  if (cell.system !== undefined && cell.system.length > 0) return true;
  return !cell.suspended && cell.mailbox.length > 0;
}

function start(cell: Cell): void {
  cell.entered = true;
  const { behavior, context } = cell;
  if ((cell.status === "stopping" && !cell.drains) || context === undefined) {
    wind(cell);
    return;
  }
  try {
    const result = runAs(cell, initOf, behavior, context);
    if (isPromise(result)) {
      watchStart(cell);
      waitFor(cell, result, begun, startFailed);
    } else begun(cell, result);
  } catch (error) {
    startFailed(cell, error);
  }
}

function initOf(behavior: Cell["behavior"], context: Context<unknown>): unknown {
  return behavior.init(context);
}

function watchStart(cell: Cell): void {
  const limit = cell.options.startTimeoutMs ?? startTimeoutMs;
  if (limit <= 0 || limit === Number.POSITIVE_INFINITY) return;
  cell.watchdog = cell.kernel.clock.setTimer(limit, () => {
    cell.startError = new StartTimeoutError(cell.path, limit);
    cell.unstarted = "failed";
    closeNow(cell, errorExit(cell.startError, "start"));
  });
}

function begun(cell: Cell, state: unknown): void {
  cell.watchdog?.cancel();
  cell.watchdog = undefined;
  if (state === ignore) {
    ignored(cell);
    return;
  }
  cell.state = state;
  cell.hasState = true;
  cell.scoped = cell.behavior.awaits ?? cell.scoped;
  if (cell.status === "stopping") {
    cell.starting?.reject(cell.signal.reason);
    return;
  }
  cell.status = "running";
  cell.starting?.resolve(true);
  const { behavior, context } = cell;
  if (behavior.started === undefined || context === undefined) return;
  invoke(cell, () => behavior.started?.(state, context));
}

function ignored(cell: Cell): void {
  cell.unstarted = "ignored";
  cell.reason = { type: "normal" };
  cell.status = "stopping";
  wind(cell);
}

function startFailed(cell: Cell, error: unknown): void {
  cell.startError = error;
  cell.unstarted = "failed";
  if (cell.status !== "stopping") cell.reason = errorExit(error, "start");
  cell.status = "stopping";
  cell.abort();
  wind(cell);
}

function handleSystem(cell: Cell): void {
  const next = cell.system?.shift();
  if (next === undefined || next.cancelled) return;
  let message: unknown;
  try {
    message = next.make(next.exit);
  } catch (error) {
    crash(cell, error);
    return;
  }
  invokeReceive(cell, message, undefined);
}

function handleUser(cell: Cell, queued: unknown): void {
  if (queued instanceof TimerMessage) {
    handleTimer(cell, queued);
    return;
  }
  if (cell.timers !== undefined) messageCancelsTimers(cell.timers);
  if (!(queued instanceof CallMessage)) invokeReceive(cell, queued, undefined);
  else if (!queued.call.settled) invokeReceive(cell, queued.message, queued.call);
}

function handleTimer(cell: Cell, { timer, message }: TimerMessage): void {
  if (timer.cancelled) return;
  if (timer.timer === undefined) cell.timers?.delete(timer.key);
  invokeReceive(cell, message, undefined);
}

function invokeReceive(cell: Cell, message: unknown, call: PendingCall | undefined): void {
  cell.handling += 1;
  cell.current = message;
  cell.call = call;
  if (cell.scoped) {
    invoke(cell, receiveCurrent, cell);
    return;
  }
  const context = cell.context;
  if (context === undefined) return;
  const outer = enterCell(cell);
  try {
    const result = cell.behavior.receive(cell.state, message, context);
    if (isPromise(result)) waitForHandler(cell, result);
    else commit(cell, result);
  } catch (error) {
    crash(cell, error);
  } finally {
    leaveCell(outer);
  }
}

function receiveCurrent(cell: Cell): unknown {
  if (cell.context === undefined) return cell.state;
  return cell.behavior.receive(cell.state, cell.current, cell.context);
}

function invoke<Args extends readonly unknown[]>(
  cell: Cell,
  handler: (...args: Args) => unknown,
  ...args: Args
): void {
  try {
    const result = runAs(cell, handler, ...args);
    if (isPromise(result)) waitForHandler(cell, result);
    else commit(cell, result);
  } catch (error) {
    crash(cell, error);
  }
}

function waitForHandler(cell: Cell, promise: PromiseLike<unknown>): void {
  // A handler that returned a promise once will do it again: from now on it runs in an async scope.
  cell.scoped = true;
  cell.since = cell.kernel.clock.now();
  watchStuck(cell);
  waitFor(cell, promise, commit, crash);
}

function waitFor(
  cell: Cell,
  promise: PromiseLike<unknown>,
  settled: (cell: Cell, value: unknown) => void,
  failed: (cell: Cell, error: unknown) => void,
): void {
  cell.busy = true;
  // Its own handler has killed it and still runs.
  if (cell.status === "ended") adoptOrphan(cell);
  promise.then(
    (value) => resume(cell, () => settled(cell, value)),
    (error: unknown) => resume(cell, () => failed(cell, error), error),
  );
}

/** Go on after the handler's promise has settled. Its result counts if the incarnation still lives. */
function resume(cell: Cell, apply: () => void, error?: unknown): void {
  cell.busy = false;
  if (cell.living === undefined) {
    settleOrphan(cell, error);
    return;
  }
  cell.watchdog?.cancel();
  apply();
  if (cell.living !== undefined && !cell.winding) cell.kernel.scheduler.ready(cell);
}

function commit(cell: Cell, state: unknown): void {
  cell.current = undefined;
  cell.call = undefined;
  if (cell.living === undefined) return;
  if (cell.timers !== undefined && state !== cell.state) stateChanged(cell.timers);
  cell.state = state;
}

/** End the actor after an error. The state stays as it was before the message that failed. */
function crash(cell: Cell, error: unknown): void {
  if (cell.living === undefined) return;
  const obeyed = cell.status === "stopping" && isAbort(cell, error);
  if (!obeyed) cell.kernel.crashed(cell, error);
  cell.current = undefined;
  cell.call = undefined;
  if (!obeyed) cell.reason = errorExit(error);
  cell.status = "stopping";
  cell.drains = false;
  cell.abort();
  wind(cell);
}

/** Tell whether an error is the signal's own: a handler that stops with it does what it was asked to. */
function isAbort(cell: Cell, error: unknown): boolean {
  if (error instanceof StoppedError || error === cell.signal.reason) return true;
  return error instanceof Error && error.name === "AbortError";
}

function watchStuck(cell: Cell): void {
  const { stuckAfterMs: limit, whenStuck } = cell.options;
  if (limit === undefined) return;
  const doing = nameOf(cell.current);
  const check = () => {
    if (cell.awaiting > 0) {
      cell.watchdog = cell.kernel.clock.setTimer(limit, check);
      return;
    }
    notice(cell, "stuck", { message: doing, forMs: cell.kernel.clock.now() - cell.since });
    if (whenStuck !== "kill") return;
    const message = `${cell.path} was stuck in ${doing} for ${limit} ms`;
    closeNow(cell, errorExit({ message }, "stuck"));
  };
  cell.watchdog = cell.kernel.clock.setTimer(limit, check);
}
