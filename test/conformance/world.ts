import { afterEach } from "vitest";
import type { Behavior, Context } from "../../src/actors/kernel/behavior.ts";
import type { SystemOptions } from "../../src/actors/kernel/make-kernel.ts";
import { type ManualClock, manualClock } from "../../src/actors/manual-clock.ts";
import { createSystem, type Sys } from "./adapter.ts";
import { type Workers, workers } from "./worker.ts";

export interface World extends Workers {
  readonly clock: ManualClock;
  readonly sys: Sys;
  /** Let everything run that can run without time passing. */
  settle(): Promise<void>;
}

const worlds: World[] = [];

/** Make a system under a manual clock, with scripted workers; it is stopped after the test. */
export function world(options: Omit<SystemOptions, "clock"> = {}): World {
  const clock = manualClock();
  const sys = createSystem({ ...options, clock });
  const made: World = { clock, sys, settle: () => clock.settle(), ...workers() };
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const { sys } of worlds.splice(0)) await sys.stop({ deadline: 0 });
});

type Handle = (message: unknown, context: Context<unknown>) => unknown;

/** Make a behavior of one function; what it returns is awaited and then dropped. */
export function handler(handle: Handle): Behavior<unknown, unknown> {
  return {
    awaits: true,
    init: () => "ready",
    receive: (state, message, context) => {
      const result = handle(message, context);
      return result instanceof Promise ? result.then(() => state) : state;
    },
  };
}

/** Make a behavior that writes down what it gets, and the list that it writes to. */
export function recorder(): {
  readonly seen: unknown[];
  readonly behavior: Behavior<unknown, unknown>;
} {
  const seen: unknown[] = [];
  return { seen, behavior: handler((message) => void seen.push(message)) };
}

/** A promise, and how to settle it. */
export function deferred<Value = void>(): {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<Value>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
