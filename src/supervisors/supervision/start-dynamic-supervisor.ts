import type { Context, Ignore } from "../../actors/kernel/index.ts";
import type { ChildInfo } from "./child.ts";
import type { ChildPolicy, ChildSpec, Startable } from "./child-spec.ts";
import type { ChildCounts, StartedChild, StartOptions } from "./child-verbs.ts";
import { InvalidSpecError } from "./errors.ts";
import type { Intensity } from "./intensity.ts";
import { resolveSpec } from "./resolve-spec.ts";
import { type Supervisor, type SupervisorParent, supervisorOf } from "./start-supervisor.ts";
import type { ChildId } from "./strategy.ts";
import { supervisorBehavior } from "./supervisor-actor.ts";
import { resolveFlags } from "./supervisor-flags.ts";

/** The spec that all children of a dynamic supervisor share. */
export interface ChildTemplate<Args = void, Message = unknown>
  extends Omit<ChildPolicy, "significant" | "dependsOn" | "retain" | "stopTogether"> {
  /** The beginning of generated ids, as in `worker-1`. Default: `child`. */
  readonly id?: string | undefined;
  /** Make the behavior of one child. A restart calls it with the same `args`. */
  start(context: Context<Message>, args: Args): Startable<Message>;
}

/** The rules of a dynamic supervisor, which restarts its children one for one. */
export interface DynamicSupervisorFlags {
  /** The name of the supervisor among its parent's children. Default: `supervisor` and a counter. */
  readonly name?: string | undefined;
  /** The limit of restarts. Default: one more than 3 restarts in 5 s, or than 8 of one child in a row, fails the supervisor. */
  readonly intensity?: Intensity | undefined;
  /** The most children at once, those that restart included. Default: no limit. */
  readonly maxChildren?: number | undefined;
}

/** The options of the start of one child more. */
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
  return handleOf(await supervisorOf(ref), template);
}

/** Make the handle of a dynamic supervisor: a supervisor's, with a start that makes the specs. */
function handleOf<Args, Message>(
  supervisor: Supervisor,
  template: ChildTemplate<Args, Message>,
): DynamicSupervisor<Args, Message> {
  let made = 0;
  const nextId = (): ChildId => {
    made += 1;
    return `${template.id ?? "child"}-${made}`;
  };
  const { path, ref, events, terminateChild, children, counts, stop, kill } = supervisor;
  return {
    path,
    ref,
    events,
    get exited() {
      return supervisor.exited;
    },
    startChild: (args, { id = nextId(), ...options } = {}) => {
      const start = (context: Context<Message>) => template.start(context, args);
      return supervisor.startChild<Message>({ ...template, id, start }, options);
    },
    terminateChild,
    children,
    counts,
    stop,
    kill,
  };
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
