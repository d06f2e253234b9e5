import { MessageRefusedError } from "../../actors/agent/errors.ts";
import type { Harness } from "../../actors/agent/wire/index.ts";
import { ignore } from "../../actors/kernel/index.ts";
import {
  type HealthLimits,
  MachineMemory,
  type MachineMessage,
  machineBehavior,
  machineHandle,
  machineSpawnOptions,
} from "../../actors/machine/index.ts";
import { UnsupportedError } from "../../machines/errors.ts";
import type { Argv, Image, Machine, Remains } from "../../machines/machine.ts";
import {
  type Addressee,
  causeOf,
  childPolicy,
  type Launchers,
  orStopped,
  type ProcessScope,
  type RestartPolicy,
  type StartedMachine,
} from "../process/index.ts";
import type { ChildSpec, GoneWhy } from "../supervision/index.ts";
import { type AgentEntry, entryOf } from "./agent-entry.ts";

export interface MachineOptions {
  /** Unique among the children of the process. Default: the image's kind, with `-2`, `-3`, … when taken. */
  readonly name?: string | undefined;
  /** The image of the machine. Default: the process's image. */
  readonly image?: Image | undefined;
  /** The harness that will launch agents there; it says what they need of this host. Default: the run's harness. */
  readonly harness?: Harness | undefined;
  /** The policy that keeps the machine alive. Default: permanent, 20 restarts in 10 min, 1 s doubling to 60 s between them. */
  readonly policy?: RestartPolicy | undefined;
  /** When it is probed, and how long it may not answer before it is restarted. Default: every 30 s where it can be lost; 30 s. */
  readonly health?: HealthLimits | undefined;
  /** The longest time that it outlives this program, in ms, where its backend can end it by itself; renewed as long as the program lives. Default: the backend's own. */
  readonly ttlMs?: number | undefined;
}

/** Restarts of an agent or a machine before the process gives up on it (design, section 4). */
export const limits = { maxRestarts: 20, withinMs: 600_000, maxConsecutive: 8 } as const;

/** The text of a machine's end, and the state it leaves the machine in. */
const ends: Readonly<Record<GoneWhy, readonly [why: string, as: "stopped" | "failed"]>> = {
  "not-started": ["it did not start", "failed"],
  ignored: ["it did not start", "failed"],
  ended: ["it ended, and its policy does not restart it", "failed"],
  "with-group": ["it ended, and its policy does not restart it", "stopped"],
  terminated: ["it was stopped", "stopped"],
  "gave-up": ["it failed more often than its policy allows", "failed"],
  "owner-ended": ["its process ended", "stopped"],
};

const started = new WeakMap<Machine, StartedMachine>();

/** Start a machine as a child of the process. */
export async function startMachine(scope: ProcessScope, options: MachineOptions): Promise<Machine> {
  return (await addMachine(scope, options)).machine;
}

/** Find what is known of a machine. One that no process started is used as it is, and not stopped. */
export function startedMachine(scope: ProcessScope, machine: Machine): StartedMachine {
  const known = started.get(machine);
  if (known !== undefined) return known;
  const launchers: Launchers = new Set();
  scope.context.own(() => releaseAll(launchers, machine, scope.run.id));
  const found = { id: undefined, owner: undefined, machine, launchers, current: () => machine };
  started.set(machine, found);
  return found;
}

export async function addMachine(
  scope: ProcessScope,
  options: MachineOptions,
): Promise<StartedMachine> {
  const { machine, spec } = prepareMachine(scope, options);
  try {
    const child = await orStopped(scope.supervision.startChild(spec));
    if (child === ignore) throw new UnsupportedError(spec.id, "spawn");
    keepHandle(machine);
    return machine;
  } catch (error) {
    forgetMember(scope, spec.id);
    throw causeOf(error);
  }
}

/** Make the handle of a machine while it lives: later it could not tell what the machine is able to do. */
export function keepHandle({ machine }: StartedMachine): void {
  void machine;
}

/** A machine that is going to be a child of the process, and how it is kept. */
export interface PreparedMachine {
  readonly machine: StartedMachine;
  readonly spec: ChildSpec<MachineMessage>;
}

/** Make all that a machine needs to be started as a child of the process. */
export function prepareMachine(
  scope: ProcessScope,
  {
    name,
    image = imageOf(scope),
    policy = {},
    harness = scope.run.harness,
    health,
    ttlMs,
  }: MachineOptions,
): PreparedMachine {
  const id = scope.names.take(name ?? image.kind, name !== undefined);
  const path = `${scope.record.path}/${id}`;
  const launchers: Launchers = new Set();
  const memory = new MachineMemory({ clock: scope.run.clock, path, registry: scope.run.registry });
  const facts = {
    name: id,
    image,
    memory,
    health,
    ttlMs,
    gate: scope.run.spawnGate,
    record: (remains: Remains, on?: string) => scope.run.recordMachine(remains, { path }, on),
    env: scope.run.environment,
    mounts: async () => (await scope.run.outfit(harness).mounts?.()) ?? [],
    beforeStop: (machine: Machine) => releaseAll(launchers, machine, scope.run.id),
  };
  const stop = async () => {
    for (const entry of entriesOn(scope, machine)) entry.stopsBecause("its machine was stopped");
    await scope.supervision.terminateChild(id);
  };
  let handle: Machine | undefined;
  const machine: StartedMachine = {
    id,
    owner: scope.supervision,
    launchers,
    get machine() {
      if (handle !== undefined) return handle;
      handle = machineHandle(memory, stop);
      started.set(handle, machine);
      return handle;
    },
    current: () => memory.current(),
  };
  scope.run.directory.set(path, addresseeOf(path, machine));
  scope.context.own(() => void scope.run.directory.delete(path));
  return {
    machine,
    spec: {
      ...machineSpawnOptions,
      ...childPolicy(policy, limits),
      id,
      start: () => machineBehavior(facts),
      gone: ({ why }) => memory.end(...ends[why]),
    },
  };
}

function entriesOn(scope: ProcessScope, machine: StartedMachine): readonly AgentEntry[] {
  const entries = [...scope.record.agents.values()].map(entryOf);
  return entries.filter((entry) => entry.home === machine);
}

/** Stop a machine and forget it. */
export async function removeMachine(scope: ProcessScope, { id }: StartedMachine): Promise<void> {
  if (id === undefined) return;
  await scope.supervision.terminateChild(id);
  await scope.supervision.deleteChild(id);
  forgetMember(scope, id);
}

/** Give what a person's terminal runs to get in. Throws UnsupportedError where nobody can. */
export async function shellOf(machine: Machine, command: Argv | undefined): Promise<Argv> {
  if (machine.shell === undefined) throw new UnsupportedError(machine.kind, "shell");
  return machine.shell(command);
}

async function releaseAll(launchers: Launchers, machine: Machine, run: string): Promise<void> {
  for (const harness of launchers) await harness.release?.(machine, run);
}

/** Leave nothing of an agent or a machine that does not run: its name is free again. */
export function forgetMember(scope: ProcessScope, id: string): void {
  const path = `${scope.record.path}/${id}`;
  scope.names.release(id);
  scope.record.agents.delete(id);
  scope.run.directory.delete(path);
  scope.run.registry.send({ type: "removed", path });
}

function addresseeOf(path: string, started: StartedMachine): Addressee {
  const refuse = (): never => {
    throw new MessageRefusedError(`${path} is a machine and takes no messages.`);
  };
  return {
    kind: "machine",
    path,
    deliver: refuse,
    send: async () => refuse(),
    shell: async (command) => shellOf(started.machine, command),
  };
}

function imageOf(scope: ProcessScope): Image {
  return scope.record.definition.options.image ?? scope.run.image;
}
