import type { Context, ExitReason, Ignore } from "../../actors/kernel/index.ts";
import type { ChildInfo } from "./child.ts";
import type { ChildCounts, StartedChild, StartOptions } from "./child-admin.ts";
import type { ChildPolicy, ChildSpec, Startable } from "./child-spec.ts";
import { InvalidSpecError } from "./errors.ts";
import type { Intensity } from "./intensity.ts";
import { resolveSpec } from "./resolve-spec.ts";
import { type Supervisor, type SupervisorParent, supervisorOf } from "./start-supervisor.ts";
import type { ChildId } from "./strategy.ts";
import { supervisorBehavior } from "./supervisor-actor.ts";
import { resolveFlags } from "./supervisor-flags.ts";

/** What all children of a dynamic supervisor have in common. */
export interface ChildTemplate<Args = void, Message = unknown>
  extends Omit<ChildPolicy, "significant" | "dependsOn" | "retain" | "stopTogether"> {
  /** What generated ids begin with, as in `worker-1`. Default: `child`. */
  readonly id?: string | undefined;
  /** Make what one child does. A restart calls it with the same `args`. */
  start(context: Context<Message>, args: Args): Startable<Message>;
}

/** How a dynamic supervisor decides over its children; it restarts them one for one. */
export interface DynamicSupervisorFlags {
  /** Its name among its parent's children. Default: `supervisor` and a counter. */
  readonly name?: string | undefined;
  /** When to give up. Default: more than 3 restarts in 5 s, or 8 of one child in a row. */
  readonly intensity?: Intensity | undefined;
  /** How many children may be there at once, those that restart included. Default: no bound. */
  readonly maxChildren?: number | undefined;
}

/** How to start one child more. */
export interface DynamicStartOptions extends StartOptions {
  /** The child's id. Default: the template's and a counter. */
  readonly id?: ChildId | undefined;
}

/**
 * A supervisor of children that come and go, all made from one template.
 *
 * They restart one by one; what is not to be restarted is forgotten; on a stop all stop at once.
 */
export interface DynamicSupervisor<Args = void, Message = unknown>
  extends Pick<
    Supervisor,
    "path" | "ref" | "events" | "exited" | "terminateChild" | "stop" | "kill"
  > {
  /** Start one more. Rejects with StartFailedError when it does not start, with code `max-children` when it is full. */
  startChild(
    args: Args,
    options?: DynamicStartOptions | undefined,
  ): Promise<StartedChild<Message> | Ignore>;
  children(): Promise<readonly ChildInfo[]>;
  counts(): Promise<ChildCounts>;
}

/** Start a supervisor with no children yet. Rejects with InvalidSpecError for a template that no child could have. */
export async function startDynamicSupervisor<Args = void, Message = unknown>(
  parent: SupervisorParent,
  flags: DynamicSupervisorFlags,
  template: ChildTemplate<Args, Message>,
): Promise<DynamicSupervisor<Args, Message>> {
  checkTemplate(flags, template);
  const { intensity, maxChildren, name } = flags;
  const behavior = supervisorBehavior({ intensity, maxChildren, dynamic: true }, []);
  const ref = parent.spawn(behavior, { name, kind: "supervisor", shutdownMs: "infinity" });
  await ref.started;
  return new TemplateSupervisor(await supervisorOf(ref), template);
}

class TemplateSupervisor<Args, Message> implements DynamicSupervisor<Args, Message> {
  readonly #supervisor: Supervisor;
  readonly #template: ChildTemplate<Args, Message>;
  #made = 0;

  constructor(supervisor: Supervisor, template: ChildTemplate<Args, Message>) {
    this.#supervisor = supervisor;
    this.#template = template;
  }

  get path(): string {
    return this.#supervisor.path;
  }

  get ref(): Supervisor["ref"] {
    return this.#supervisor.ref;
  }

  get events(): Supervisor["events"] {
    return this.#supervisor.events;
  }

  get exited(): Promise<ExitReason> {
    return this.#supervisor.exited;
  }

  startChild(
    args: Args,
    { id, ...options }: DynamicStartOptions = {},
  ): Promise<StartedChild<Message> | Ignore> {
    return this.#supervisor.startChild(this.#specOf(args, id ?? this.#nextId()), options);
  }

  terminateChild(child: ChildId | number): Promise<void> {
    return this.#supervisor.terminateChild(child);
  }

  children(): Promise<readonly ChildInfo[]> {
    return this.#supervisor.children();
  }

  counts(): Promise<ChildCounts> {
    return this.#supervisor.counts();
  }

  stop(reason?: ExitReason): Promise<ExitReason> {
    return this.#supervisor.stop(reason);
  }

  kill(): Promise<ExitReason> {
    return this.#supervisor.kill();
  }

  #specOf(args: Args, id: ChildId): ChildSpec<Message> {
    const template = this.#template;
    return { ...template, id, start: (context) => template.start(context, args) };
  }

  #nextId(): ChildId {
    this.#made += 1;
    return `${this.#template.id ?? "child"}-${this.#made}`;
  }
}

function checkTemplate<Args, Message>(
  flags: DynamicSupervisorFlags,
  template: ChildTemplate<Args, Message>,
): void {
  resolveFlags(flags);
  refuse((Reflect.get(flags, "autoShutdown") ?? "never") !== "never", "autoShutdown");
  refuse((Reflect.get(template, "significant") ?? false) !== false, "significant children");
  resolveSpec({ ...template, id: template.id ?? "child" } as ChildSpec, "never");
}

function refuse(asked: boolean, what: string): void {
  if (!asked) return;
  throw new InvalidSpecError(
    "bad-combination",
    `a dynamic supervisor has no ${what}; use startSupervisor for children that are known beforehand`,
  );
}
