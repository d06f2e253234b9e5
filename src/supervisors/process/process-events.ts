import {
  type EventLog,
  type LogEvent,
  type WaitOptions,
  WaitTimeoutError,
} from "../../actors/events/index.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import type { ContractShape, OpenShape, ProcessEvents } from "../endpoints/index.ts";
import { orStopped, type ProcessScope, runningScope, scopeIfAny } from "./scope.ts";

const waitKinds: OptionKinds<WaitOptions<LogEvent>> = {
  where: "function",
  timeoutMs: "number",
  signal: "object",
};

/** Give a log for readers in a process's code. Its contract was checked when the events were emitted. */
export function eventsOf<Shape extends ContractShape = OpenShape>(
  log: EventLog,
): ProcessEvents<Shape> {
  const open: ProcessEvents = {
    [Symbol.asyncIterator]: () => reader(log, 1),
    from: (seq) => ({
      [Symbol.asyncIterator]: () => reader(log, seq),
    }),
    waitFor: (type, options = {}) => {
      checkOptions("waitFor()", options, waitKinds);
      if (scopeIfAny() === undefined) return waitOutside(log, type, options);
      return orStopped(log.waitFor(type, options), `the event ${type} of ${log.path}`);
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
  const limited = timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY;
  const late = limited ? AbortSignal.timeout(timeoutMs) : undefined;
  const signals = [late, signal].filter((one) => one !== undefined);
  try {
    return await log.waitFor(type, { where, signal: AbortSignal.any(signals) });
  } catch (error) {
    if (late !== undefined && error === late.reason)
      throw new WaitTimeoutError(log.path, type, timeoutMs);
    throw error;
  }
}

/** Read a log. A loop that begins in a `finally`, after the stop, is not ended: the body's own budget bounds it. */
function reader(log: EventLog, seq: number): AsyncIterator<LogEvent> {
  const scope = runningScope();
  const cursor = log.from(seq)[Symbol.asyncIterator]();
  return scope === undefined ? cursor : new StoppingReader(cursor, log.path, scope);
}

type Step = IteratorResult<LogEvent>;

/** Reads until the process that reads is to stop. One listener for a whole loop: events are many. */
class StoppingReader implements AsyncIterator<LogEvent> {
  readonly #cursor: AsyncIterator<LogEvent>;
  readonly #path: string;
  readonly #scope: ProcessScope;
  #end: ((step: Step) => void) | undefined;

  constructor(cursor: AsyncIterator<LogEvent>, path: string, scope: ProcessScope) {
    this.#cursor = cursor;
    this.#path = path;
    this.#scope = scope;
    scope.signal.addEventListener("abort", this.#stop, { once: true });
  }

  next(): Promise<Step> {
    return new Promise((resolve, reject) => {
      if (this.#scope.signal.aborted) return resolve(over);
      const begun = this.#scope.begin(`the next event of ${this.#path}`);
      this.#end = (step) => {
        begun();
        resolve(step);
      };
      this.#cursor.next().then(
        (step) => {
          if (step.done === true) this.#forget();
          begun();
          resolve(step);
        },
        (error) => {
          begun();
          reject(error);
        },
      );
    });
  }

  async return(): Promise<Step> {
    this.#forget();
    return (await this.#cursor.return?.()) ?? over;
  }

  #forget(): void {
    this.#scope.signal.removeEventListener("abort", this.#stop);
  }

  readonly #stop = (): void => {
    this.#end?.(over);
    void this.#cursor.return?.();
  };
}

const over: Step = { done: true, value: undefined };
