import { systemClock } from "../../actors/clock.ts";
import {
  type EventLog,
  type LogEvent,
  type WaitOptions,
  WaitTimeoutError,
} from "../../actors/events/index.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import type { ContractShape, OpenShape, ProcessEvents } from "../endpoints/index.ts";
import { orStopped, runningSignal, scopeIfAny } from "./scope.ts";

const waitKinds: OptionKinds<WaitOptions<LogEvent>> = {
  where: "function",
  timeoutMs: "number",
  signal: "object",
};

/** Give a log to those who read it from a process's code. Its contract was checked when the events were emitted. */
export function eventsOf<Shape extends ContractShape = OpenShape>(
  log: EventLog,
): ProcessEvents<Shape> {
  const open: ProcessEvents = {
    [Symbol.asyncIterator]: () => reader(log[Symbol.asyncIterator]()),
    from: (seq) => ({
      [Symbol.asyncIterator]: () => reader(log.from(seq)[Symbol.asyncIterator]()),
    }),
    waitFor: (type, options = {}) => {
      checkOptions("waitFor()", options, waitKinds);
      if (scopeIfAny() === undefined) return waitOutside(log, type, options);
      return orStopped(log.waitFor(type, options));
    },
  };
  return open as unknown as ProcessEvents<Shape>;
}

/** Waits for code of no process, such as a test: its time is the world's, while the run's clock may stand. */
async function waitOutside(
  log: EventLog,
  type: string,
  { where, timeoutMs = 0, signal }: WaitOptions<LogEvent>,
): Promise<LogEvent> {
  const late = new AbortController();
  const signals = signal === undefined ? [late.signal] : [late.signal, signal];
  const timer =
    timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY
      ? systemClock.setTimer(timeoutMs, () =>
          late.abort(new WaitTimeoutError(log.path, type, timeoutMs)),
        )
      : undefined;
  try {
    return await log.waitFor(type, { where, signal: AbortSignal.any(signals) });
  } finally {
    timer?.cancel();
  }
}

/** A loop that begins in a `finally`, after the stop, is left alone: the body's own budget bounds it. */
function reader(cursor: AsyncIterator<LogEvent>): AsyncIterator<LogEvent> {
  const signal = runningSignal();
  return signal === undefined ? cursor : new StoppingReader(cursor, signal);
}

type Step = IteratorResult<LogEvent>;

/** Reads until the process that reads is to stop. One listener for a whole loop: events are many. */
class StoppingReader implements AsyncIterator<LogEvent> {
  readonly #cursor: AsyncIterator<LogEvent>;
  readonly #signal: AbortSignal;
  #end: ((step: Step) => void) | undefined;

  constructor(cursor: AsyncIterator<LogEvent>, signal: AbortSignal) {
    this.#cursor = cursor;
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop, { once: true });
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) return resolve(over);
      this.#end = resolve;
      this.#cursor.next().then((step) => {
        if (step.done === true) this.#signal.removeEventListener("abort", this.#stop);
        resolve(step);
      }, reject);
    });
  }

  async return(): Promise<Step> {
    this.#signal.removeEventListener("abort", this.#stop);
    return (await this.#cursor.return?.()) ?? over;
  }

  readonly #stop = (): void => {
    this.#end?.(over);
    void this.#cursor.return?.();
  };
}

const over: Step = { done: true, value: undefined };
