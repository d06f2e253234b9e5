import {
  type Behavior,
  type Context,
  createSystem,
  type DeadLetter,
  type Exit,
  type ManualClock,
  manualClock,
  type Ref,
  type System,
  type SystemOptions,
} from "ramure/actors";
import { afterEach } from "vitest";
import { deferred } from "../../src/actors/wait.ts";
import {
  actorOf,
  type WorkerMessage,
  type WorkerOptions,
  type Workers,
  workers,
} from "./worker.ts";

/** A system on a manual clock, with scripted workers. */
export interface World extends Workers {
  readonly clock: ManualClock;
  readonly system: System;
  /** Let everything run that can run without time passing. */
  settle(): Promise<void>;
  /** Start a scripted worker as an actor at `/id`. */
  start(id: string, options?: WorkerOptions): Ref<WorkerMessage>;
}

const systems: System[] = [];

/** Make a system under a manual clock, with scripted workers; it is stopped after the test. */
export function world(options: Omit<SystemOptions, "clock"> = {}): World {
  const clock = manualClock();
  const system = createSystem({ ...options, clock });
  systems.push(system);
  const scripted = workers();
  return {
    clock,
    system,
    settle: () => clock.settle(),
    start: (id, script) => system.spawn(actorOf(scripted.worker(id, script)), { name: id }),
    ...scripted,
  };
}

afterEach(async () => {
  for (const system of systems.splice(0)) await system.stop({ deadlineMs: 0 });
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

/** The ends that a monitor has told of. */
export interface Downs {
  readonly downs: readonly Exit[];
  readonly first: Promise<Exit>;
}

/** Monitor an actor. */
export function watch(target: Ref<never>): Downs {
  const downs: Exit[] = [];
  const { promise, resolve } = deferred<Exit>();
  target.monitor((exit) => {
    downs.push(exit);
    resolve(exit);
  });
  return { downs, first: promise };
}

/** List the dead letters of a system so far. */
export function deadLetters(system: System): readonly DeadLetter[] {
  return system.deadLetters.recent().map(({ data }) => data as DeadLetter);
}
