import { CallAbortedError, DeadlockError, DownError, NoProcError } from "../../errors.ts";
import type { CallOptions, Reply } from "./behavior.ts";
import type { Cell } from "./cell.ts";
import { deliver } from "./delivery.ts";
import { CallMessage, findCircle, PendingCall } from "./pending-call.ts";
import { endedCaller, refuse, scopeNow } from "./scope.ts";

const defaultTimeoutMs = 5_000;

type Make = (reply: Reply<unknown>) => unknown;

/** Send and wait for the answer; `target` is undefined when nobody lives at `path`. */
export function callCell(
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
