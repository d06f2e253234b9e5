import type { ExitReason, Ref, System } from "ramure/actors";
import {
  type ChildInfo,
  type ChildSpec,
  type StartedChild,
  type Supervisor,
  type SupervisorFlags,
  type SupervisorMessage,
  startSupervisor,
  supervisorBehavior,
  supervisorOf,
} from "ramure/supervisors";
import type { Workers } from "./worker.ts";
import { type World, world } from "./world.ts";

/** A supervisor of scripted workers, in its world. */
export interface Family extends World {
  readonly supervisor: Supervisor;
  /** The child that lives under this id now. */
  child(id: string): Ref;
  /** Send it a message, and let everything run that does not need time. */
  tell(id: string, message: unknown): Promise<void>;
  info(id: string): Promise<ChildInfo | undefined>;
  /** `a running, b restarting, c stopped`. */
  statuses(): Promise<string>;
  pids(): Promise<Record<string, number | undefined>>;
  /** Types of the supervisor's events so far, without those of starts. */
  events(): readonly string[];
}

/** Start a supervisor of what `make` makes of the world's workers; the journal begins after that. */
export async function family(
  flags: SupervisorFlags,
  make: (worker: Workers["worker"]) => readonly ChildSpec[],
): Promise<Family> {
  const given = world();
  const starting = startSupervisor(given.system, flags, make(given.worker));
  await given.settle();
  const supervisor = await starting;
  given.take();
  return under(given, supervisor);
}

/** Look at a world through one of its supervisors. */
export function under(given: World, supervisor: Supervisor): Family {
  const { system } = given;
  const child = (id: string) => {
    const found = system.whereis(`${supervisor.path}/${id}`);
    if (found === undefined) throw new Error(`nobody lives at ${supervisor.path}/${id}`);
    return found;
  };
  const children = () => supervisor.children();
  return {
    ...given,
    supervisor,
    child,
    tell: async (id, message) => {
      child(id).send(message);
      await given.settle();
    },
    info: async (id) => (await children()).find((info) => info.id === id),
    statuses: async () => (await children()).map((info) => `${info.id} ${info.status}`).join(", "),
    pids: async () =>
      Object.fromEntries((await children()).map(({ id, pid }) => [id, pid] as const)),
    events: () =>
      system
        .events(supervisor.path)
        .recent()
        .map(({ type }) => type)
        .filter((type) => type !== "child-started"),
  };
}

/** Make the spec of a supervisor as the child of another. */
export function supervisorSpec(
  id: string,
  flags: SupervisorFlags,
  specs: readonly ChildSpec[],
  policy: Partial<ChildSpec> = {},
): ChildSpec {
  const start = () => supervisorBehavior(flags, specs);
  return { ...policy, id, type: "supervisor", start } as ChildSpec;
}

/** Find the supervisor that lives at a path. */
export function supervisorAt(system: System, path: string): Promise<Supervisor> {
  return supervisorOf(system.address<SupervisorMessage>(path));
}

/** The child that a start gave; a start that was ignored gave none. */
export function childOf<Message>(started: StartedChild<Message> | symbol): StartedChild<Message> {
  if (typeof started === "symbol") throw new Error("the start was ignored");
  return started;
}

/** What a promise rejected with: its `code`, and `child` and `reason` where it has them. */
export async function refusal(promise: Promise<unknown>): Promise<{
  readonly code: unknown;
  readonly child?: unknown;
  readonly reason?: ExitReason;
}> {
  try {
    await promise;
  } catch (error) {
    return error as { readonly code: unknown };
  }
  throw new Error("it was not refused");
}
