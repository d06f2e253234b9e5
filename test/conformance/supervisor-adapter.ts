import type { Ignore } from "../../src/actors/kernel/behavior.ts";
import type { System } from "../../src/actors/kernel/system.ts";
import {
  type ChildTemplate,
  type DynamicSupervisor,
  type DynamicSupervisorFlags,
  type StartedChild,
  type Supervisor,
  type SupervisorFlags,
  type SupervisorMessage,
  type SupervisorParent,
  startDynamicSupervisor,
  startSupervisor,
  supervisorBehavior,
  supervisorOf,
} from "../../src/supervisors/index.ts";
import type { ChildSpec } from "../../src/supervisors/supervision/child-spec.ts";

export type AdapterSupervisor = Supervisor;

export interface SupervisorPlace {
  readonly name?: string | undefined;
}

/** Flags as the list writes them: `intensity` and `period` are numbers there, words have underscores. */
export interface ListFlags
  extends Omit<SupervisorFlags, "intensity" | "strategy" | "autoShutdown"> {
  readonly strategy?: string | undefined;
  readonly autoShutdown?: string | undefined;
  readonly intensity?: number | SupervisorFlags["intensity"];
  readonly period?: number | undefined;
  readonly maxConsecutive?: number | undefined;
}

/** Start a supervisor in the system's root. */
export function superviseWith(
  system: SupervisorParent,
  flags: ListFlags,
  specs: readonly ChildSpec[],
  options: SupervisorPlace = {},
): Promise<AdapterSupervisor> {
  return startSupervisor(system, { ...flagsOf(flags), name: options.name ?? flags.name }, specs);
}

/** Start a supervisor of children made from one template. */
export function superviseDynamically<Args>(
  system: System,
  flags: DynamicSupervisorFlags & { readonly period?: number | undefined },
  template: ChildTemplate<Args>,
): Promise<DynamicSupervisor<Args>> {
  return startDynamicSupervisor(system, flags, template);
}

/** The spec of a supervisor as the child of another. */
export function supervisorSpec(
  id: string,
  flags: ListFlags,
  specs: readonly ChildSpec[],
  policy: Partial<ChildSpec> = {},
): ChildSpec {
  const start = () => supervisorBehavior(flagsOf(flags), specs);
  return { ...policy, id, type: "supervisor", start } as ChildSpec;
}

/** The supervisor that lives at a path. */
export function supervisorAt(system: System, path: string): Promise<Supervisor> {
  return supervisorOf(system.address<SupervisorMessage>(path));
}

/** The child that a start gave; a start that was ignored gave none. */
export function childOf<Message>(started: StartedChild<Message> | Ignore): StartedChild<Message> {
  if (typeof started === "symbol") throw new Error("the start was ignored");
  return started;
}

function flagsOf(flags: ListFlags): SupervisorFlags {
  const { intensity, period, maxConsecutive, strategy, autoShutdown, ...rest } = flags;
  const counted = typeof intensity === "object" ? intensity : { maxRestarts: intensity };
  return {
    ...rest,
    strategy: kebab(strategy) as SupervisorFlags["strategy"],
    autoShutdown: autoShutdownOf(autoShutdown),
    intensity: { withinMs: period, maxConsecutive, ...counted },
  };
}

function autoShutdownOf(word: string | undefined): SupervisorFlags["autoShutdown"] {
  return kebab(word) as SupervisorFlags["autoShutdown"];
}

function kebab(word: string | undefined): string | undefined {
  return word?.replaceAll("_", "-");
}
