import type { ExitReason } from "../../src/actors/kernel/exit-reason.ts";
import { type ManualClock, manualClock } from "../../src/actors/manual-clock.ts";
import type { ChildInfo } from "../../src/supervisors/supervision/child.ts";
import type { ChildSpec } from "../../src/supervisors/supervision/child-spec.ts";
import { type ActorRef, createSystem, type Sys } from "./adapter.ts";
import type { AdapterSupervisor, ListFlags } from "./supervisor-adapter.ts";
import { type Workers, workers } from "./worker.ts";

/** A system on a manual clock, with scripted workers. */
export interface World extends Workers {
  readonly clock: ManualClock;
  readonly sys: Sys;
}

/** A supervisor of scripted workers. */
export interface FamilyWorld extends World {
  readonly sup: AdapterSupervisor;
  /** The child that lives under this id now. */
  child(id: string): ActorRef;
  /** Send it a message, and let everything run that does not need time. */
  tell(id: string, message: unknown): Promise<void>;
  info(id: string): Promise<ChildInfo | undefined>;
  /** `a running, b restarting, c stopped`. */
  statuses(): Promise<string>;
  pids(): Promise<Record<string, number | undefined>>;
  /** Types of the supervisor's events so far, without those of starts. */
  events(): readonly string[];
}

export function world(): World {
  const clock = manualClock();
  return { clock, sys: createSystem({ clock }), ...workers() };
}

/** Start a supervisor of what `make` makes of the world's workers; what it wrote down by then is taken. */
export async function family(
  flags: ListFlags,
  make: (W: Workers["W"]) => readonly ChildSpec[],
): Promise<FamilyWorld> {
  const all = world();
  const starting = all.sys.supervisor(flags, make(all.W));
  await all.clock.settle();
  const sup = await starting;
  all.take();
  return under(all, sup);
}

/** Look at a world through one of its supervisors. */
export function under(all: World, sup: AdapterSupervisor): FamilyWorld {
  const child = (id: string) => {
    const found = all.sys.whereis(`${sup.path}/${id}`);
    if (found === undefined) throw new Error(`nobody lives at ${sup.path}/${id}`);
    return found;
  };
  const children = () => sup.children();
  return {
    ...all,
    sup,
    child,
    tell: async (id, message) => {
      child(id).send(message);
      await all.clock.settle();
    },
    info: async (id) => (await children()).find((info) => info.id === id),
    statuses: async () => (await children()).map((info) => `${info.id} ${info.status}`).join(", "),
    pids: async () =>
      Object.fromEntries((await children()).map(({ id, pid }) => [id, pid] as const)),
    events: () =>
      all.sys
        .events(sup.path)
        .recent()
        .map(({ type }) => type)
        .filter((type) => type !== "child-started"),
  };
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
