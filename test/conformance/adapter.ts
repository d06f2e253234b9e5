import type { Clock } from "../../src/actors/clock.ts";
import type { EventLog } from "../../src/actors/events/event-log.ts";
import {
  type Behavior,
  type CallOptions,
  type Context,
  ignore,
  type Ref,
  type SpawnOptions,
} from "../../src/actors/kernel/behavior.ts";
import type { DeadLetter } from "../../src/actors/kernel/dead-letters.ts";
import type { Exit, ExitReason } from "../../src/actors/kernel/exit-reason.ts";
import type { ActorInfo } from "../../src/actors/kernel/introspection.ts";
import type { SystemOptions } from "../../src/actors/kernel/make-kernel.ts";
import { createSystem as createKernel, type System } from "../../src/actors/kernel/system.ts";
import type { ChildSpec } from "../../src/supervisors/supervision/child-spec.ts";
import { type AdapterSupervisor, superviseWith } from "./supervisor-adapter.ts";

/** What can be started: a behavior, or a child spec such as the scripted worker's. */
export type Definition = Behavior<unknown, unknown> | ChildSpec<never>;

export interface ActorOptions extends Omit<SpawnOptions<never>, "name"> {
  readonly name?: string | undefined;
  readonly parent?: ActorRef | undefined;
}

export interface ActorRef {
  readonly path: string;
  readonly pid: number;
  readonly epoch: number;
  readonly ref: Ref;
  readonly exited: Promise<ExitReason>;
  readonly started: Promise<boolean>;
  send(message: unknown): boolean;
  ask(message: unknown, options?: CallOptions): Promise<unknown>;
  stop(reason?: ExitReason): Promise<ExitReason>;
  kill(): Promise<ExitReason>;
}

export interface Downs {
  /** What came so far. */
  readonly downs: readonly Exit[];
  readonly first: Promise<Exit>;
  cancel(): void;
}

export interface Sys {
  readonly clock: Clock;
  readonly kernel: System;
  supervisor(
    flags: Parameters<typeof superviseWith>[1],
    specs: Parameters<typeof superviseWith>[2],
    options?: Parameters<typeof superviseWith>[3],
  ): Promise<AdapterSupervisor>;
  actor(definition: Definition, options?: ActorOptions): ActorRef;
  whereis(pathOrName: string): ActorRef | undefined;
  monitor(target: { readonly ref: Ref } | Ref): Downs;
  link(one: ActorRef, other: ActorRef): void;
  readonly registry: Registry;
  deadLetters(): readonly DeadLetter[];
  tree(): ActorInfo;
  events(path: string): EventLog;
  stop(options?: { readonly deadline?: number | undefined }): Promise<void>;
}

export interface Registry {
  register(name: string, actor: ActorRef): void;
  unregister(name: string, actor: ActorRef): boolean;
  whereis(name: string): ActorRef | undefined;
  names(): readonly string[];
}

/** The one door through which conformance tests talk to kernel and supervisors. */
export function createSystem(options: SystemOptions = {}): Sys {
  const kernel = createKernel(options);
  const contexts = new Map<number, Context<unknown>>();
  const whereis = (name: string) => {
    const found = kernel.whereis(name);
    return found === undefined ? undefined : actorRef(found);
  };
  return {
    clock: kernel.clock,
    kernel,
    supervisor: (flags, specs, supervisorOptions) =>
      superviseWith(kernel, flags, specs, supervisorOptions),
    actor: (definition, { parent, ...spawnOptions } = {}) => {
      const behavior = noting(behaviorOf(definition), contexts);
      const name = spawnOptions.name ?? ("id" in definition ? definition.id : undefined);
      const at = parent === undefined ? kernel : contexts.get(parent.pid);
      if (at === undefined) throw new Error(`${parent?.path} has not begun to start`);
      return actorRef(at.spawn(behavior, { ...spawnOptions, name }));
    },
    whereis,
    monitor: (target) => downsOf(kernel, "ref" in target ? target.ref : target),
    link: (one, other) => kernel.link(one.ref, other.ref),
    registry: {
      register: (name, actor) => kernel.register(name, actor.ref),
      unregister: (name, actor) => kernel.unregister(name, actor.ref),
      whereis,
      names: () => kernel.registered(),
    },
    deadLetters: () => kernel.deadLetters.recent().map((event) => event.data as DeadLetter),
    tree: () => kernel.tree(),
    events: (path) => kernel.events(path),
    stop: (stopOptions) => kernel.stop({ deadlineMs: stopOptions?.deadline }),
  };
}

function actorRef(ref: Ref): ActorRef {
  return {
    path: ref.path,
    pid: ref.pid,
    epoch: ref.epoch,
    ref,
    exited: ref.exited,
    started: ref.started,
    send: (message) => ref.send(message),
    ask: (message, options) => ref.call(message, options),
    stop: (reason) => ref.stop(reason),
    kill: () => ref.kill(),
  };
}

/** A spec's `start` runs inside the actor, as under a supervisor. */
function behaviorOf(definition: Definition): Behavior<unknown, unknown> {
  if ("receive" in definition) return definition;
  let made: Behavior<unknown, unknown> | undefined;
  return {
    init: async (context) => {
      const start = (definition as ChildSpec<unknown>).start(context);
      const started = await start;
      if (started === ignore) return ignore;
      made = started;
      return made.init(context);
    },
    started: (state, context) => made?.started?.(state, context) ?? state,
    receive: (state, message, context) => made?.receive(state, message, context),
    stopping: (state, reason, context) => made?.stopping?.(state, reason, context),
    terminate: (state, reason, context) => made?.terminate?.(state, reason, context),
  };
}

/** Remember the actor's context, so that a test can start children in it. */
function noting(
  behavior: Behavior<unknown, unknown>,
  contexts: Map<number, Context<unknown>>,
): Behavior<unknown, unknown> {
  return {
    awaits: true,
    init: (context) => {
      contexts.set(context.self.pid, context);
      return behavior.init(context);
    },
    started: (state, context) => behavior.started?.(state, context) ?? state,
    receive: (state, message, context) => behavior.receive(state, message, context),
    stopping: (state, reason, context) => behavior.stopping?.(state, reason, context),
    terminate: (state, reason, context) => behavior.terminate?.(state, reason, context),
  };
}

function downsOf(kernel: System, target: Ref): Downs {
  const downs: Exit[] = [];
  let heard: (exit: Exit) => void = () => undefined;
  const first = new Promise<Exit>((resolve) => {
    heard = resolve;
  });
  const monitor = kernel.monitor(target, (exit) => {
    downs.push(exit);
    heard(exit);
  });
  return { downs, first, cancel: () => monitor.cancel() };
}
