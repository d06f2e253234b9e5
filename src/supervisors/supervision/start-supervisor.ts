import type { EventLog } from "../../actors/events/index.ts";
import type { Behavior, ExitReason, Ignore, Ref, SpawnOptions } from "../../actors/kernel/index.ts";
import type { ChildInfo } from "./child.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import {
  type ChildCounts,
  type ChildVerb,
  childVerbs,
  type RestartOptions,
  type StartedChild,
  type StartOptions,
} from "./child-verbs.ts";
import { checkSpecs } from "./resolve-spec.ts";
import type { ChildId } from "./strategy.ts";
import {
  type SupervisorMessage,
  type SupervisorRef,
  supervisorBehavior,
} from "./supervisor-actor.ts";
import { resolveFlags, type SupervisionFlags } from "./supervisor-flags.ts";

/** A place where a supervisor can be started: a system, or the context of an actor. */
export interface SupervisorParent {
  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<never>): Ref<M>;
}

/** The rules of a supervisor, and its name. */
export interface SupervisorFlags extends Omit<SupervisionFlags, "dynamic"> {
  /** The name of the supervisor among its parent's children. Default: `supervisor` and a counter. */
  readonly name?: string | undefined;
}

/** A supervisor, seen from outside. Every call rejects with NoProcError once it has ended. */
export interface Supervisor {
  readonly path: string;
  readonly ref: SupervisorRef;
  /** The events of its children; each has a SupervisionEvent without its type as data. */
  readonly events: EventLog;
  /** Resolves with the reason when it has ended, its children before it. Never rejects. */
  readonly exited: Promise<ExitReason>;
  /** Add a child at the end of the start order. Rejects with StartFailedError, and keeps nothing, when it does not start. */
  startChild<Message = unknown>(
    spec: ChildSpec<Message>,
    options?: StartOptions | undefined,
  ): Promise<StartedChild<Message> | Ignore>;
  /** Stop a child, by id or pid, or call its restart off. Doing it twice is harmless. */
  terminateChild(child: ChildId | number): Promise<void>;
  /** Start a stopped child again in its old place; with `force` a running one too. */
  restartChild(id: ChildId, options?: RestartOptions | undefined): Promise<StartedChild | Ignore>;
  /** Forget a child that does not run. */
  deleteChild(id: ChildId): Promise<void>;
  /** All children in start order. */
  children(): Promise<readonly ChildInfo[]>;
  /** The spec of a child with every default filled in. */
  childSpec(id: ChildId): Promise<ResolvedSpec | undefined>;
  counts(): Promise<ChildCounts>;
  /** Stop the children, last started first, then itself. */
  stop(reason?: ExitReason): Promise<ExitReason>;
  /** Close it and everything below it now. */
  kill(): Promise<ExitReason>;
}

/**
 * Start a supervisor and its children, in order.
 *
 * Resolves when all have started. Rejects with InvalidSpecError before anything starts, or with
 * StartFailedError when a child did not start: then the others are stopped and the name is free.
 */
export async function startSupervisor(
  parent: SupervisorParent,
  flags: SupervisorFlags,
  specs: readonly ChildSpec[],
): Promise<Supervisor> {
  checkSpecs(specs, resolveFlags(flags).autoShutdown);
  const ref = parent.spawn(supervisorBehavior(flags, specs), {
    name: flags.name,
    kind: "supervisor",
    shutdownMs: "infinity",
    startTimeoutMs: Number.POSITIVE_INFINITY,
  });
  await ref.started;
  return supervisorOf(ref);
}

/** Talk to a supervisor that was started as a child of another one. Rejects with NoProcError when it has ended. */
export async function supervisorOf(ref: SupervisorRef): Promise<Supervisor> {
  const events = await ref.call<EventLog>((reply) => ({ type: "events", reply }));
  return handleOf(ref, events);
}

/** Make a supervisor's handle: each verb is one `ask` message. */
function handleOf(ref: SupervisorRef, events: EventLog): Supervisor {
  const asked = Object.entries(childVerbs).map(([verb, options]) => {
    const ask = (...args: readonly unknown[]) =>
      ref.call((reply) => ({ type: "ask", verb, args, reply }) as SupervisorMessage, options);
    return [verb, ask];
  });
  return {
    // Safe cast: these are the verbs of `Supervision`, and each answers with what that gives.
    ...(Object.fromEntries(asked) as Pick<Supervisor, ChildVerb>),
    path: ref.path,
    ref,
    events,
    get exited() {
      return ref.exited;
    },
    stop: (reason) => ref.stop(reason),
    kill: () => ref.kill(),
  };
}
