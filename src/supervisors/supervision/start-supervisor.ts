import type { EventLog } from "../../actors/events/index.ts";
import type { Behavior, ExitReason, Ignore, Ref, SpawnOptions } from "../../actors/kernel/index.ts";
import type { ChildInfo } from "./child.ts";
import type { ChildCounts, RestartOptions, StartedChild, StartOptions } from "./child-admin.ts";
import type { ChildSpec, ResolvedSpec } from "./child-spec.ts";
import { checkSpecs } from "./resolve-spec.ts";
import type { ChildId } from "./strategy.ts";
import { type SupervisorRef, supervisorBehavior } from "./supervisor-actor.ts";
import { resolveFlags, type SupervisionFlags } from "./supervisor-flags.ts";

/** Where a supervisor can be started: a system, or the context of an actor. */
export interface SupervisorParent {
  spawn<M, S>(behavior: Behavior<M, S>, options?: SpawnOptions<never>): Ref<M>;
}

/** How a supervisor decides over its children, and what it is called. */
export interface SupervisorFlags extends Omit<SupervisionFlags, "dynamic"> {
  /** Its name among its parent's children. Default: `supervisor` and a counter. */
  readonly name?: string | undefined;
}

/** A supervisor, seen from outside. Every call rejects with NoProcError once it has ended. */
export interface Supervisor {
  readonly path: string;
  readonly ref: SupervisorRef;
  /** What happened to its children; each is a SupervisionEvent without its type as data. */
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
  return new RemoteSupervisor(ref, events);
}

/** An admin call ends with its answer or with the supervisor, however slow the start it asked for. */
const patiently = { timeoutMs: Number.POSITIVE_INFINITY };

class RemoteSupervisor implements Supervisor {
  readonly ref: SupervisorRef;
  readonly events: EventLog;

  constructor(ref: SupervisorRef, events: EventLog) {
    this.ref = ref;
    this.events = events;
  }

  get path(): string {
    return this.ref.path;
  }

  get exited(): Promise<ExitReason> {
    return this.ref.exited;
  }

  startChild<Message>(
    spec: ChildSpec<Message>,
    options: StartOptions = {},
  ): Promise<StartedChild<Message> | Ignore> {
    return this.ref.call<StartedChild<Message> | Ignore>(
      (reply) => ({ type: "start-child", spec, options, reply }),
      patiently,
    );
  }

  terminateChild(child: ChildId | number): Promise<void> {
    return this.ref.call<void>((reply) => ({ type: "terminate-child", child, reply }), patiently);
  }

  restartChild(id: ChildId, options: RestartOptions = {}): Promise<StartedChild | Ignore> {
    return this.ref.call<StartedChild | Ignore>(
      (reply) => ({ type: "restart-child", id, options, reply }),
      patiently,
    );
  }

  deleteChild(id: ChildId): Promise<void> {
    return this.ref.call<void>((reply) => ({ type: "delete-child", id, reply }));
  }

  children(): Promise<readonly ChildInfo[]> {
    return this.ref.call<readonly ChildInfo[]>((reply) => ({ type: "children", reply }));
  }

  childSpec(id: ChildId): Promise<ResolvedSpec | undefined> {
    return this.ref.call<ResolvedSpec | undefined>((reply) => ({ type: "child-spec", id, reply }));
  }

  counts(): Promise<ChildCounts> {
    return this.ref.call<ChildCounts>((reply) => ({ type: "counts", reply }));
  }

  stop(reason?: ExitReason): Promise<ExitReason> {
    return this.ref.stop(reason);
  }

  kill(): Promise<ExitReason> {
    return this.ref.kill();
  }
}
