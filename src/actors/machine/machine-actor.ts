import { MachineUnreachableError } from "../../machines/errors.ts";
import type { Machine } from "../../machines/machine.ts";
import type { Behavior, Context, SpawnOptions } from "../kernel/index.ts";
import { type HealthLimits, MachineHealth } from "./machine-health.ts";
import { delegating, type MachineSource } from "./machine-memory.ts";
import type { MachineMessage } from "./machine-message.ts";
import { type MachineSpawn, spawnMachine } from "./machine-spawn.ts";

export interface MachineSpec extends MachineSpawn {
  /** Default: probed every 30 s, restarted after 30 s without an answer. */
  readonly health?: HealthLimits | undefined;
  /** Takes away what was made on it, while it can still be reached. Default: nothing. */
  readonly beforeStop?: ((machine: Machine) => Promise<void>) | undefined;
}

/** The spawn options of a machine. */
export const machineSpawnOptions = {
  kind: "machine",
  startTimeoutMs: 300_000,
  shutdownMs: 15_000,
} as const satisfies SpawnOptions;

interface MachineLife {
  readonly machine: Machine;
  readonly health: MachineHealth;
}

/**
 * Make the actor of a machine: it spawns the image, watches the machine and stops it at its end.
 *
 * It ends with class `lost` when the machine did not answer for the grace. When no other incarnation
 * follows, the maker of the memory calls its `end`.
 */
export function machineBehavior(spec: MachineSpec): Behavior<MachineMessage, MachineLife> {
  const { memory } = spec;
  return {
    init: async (context) => {
      const { signal, self, epoch } = context;
      memory.begin(epoch);
      context.own(() => memory.leave());
      const machine = await spawnMachine(spec, context).catch((error: unknown) => {
        if (signal.aborted) memory.standing.stopping(epoch);
        throw error;
      });
      const at: MachineSource = { now: () => machine, ready: async () => machine };
      const report = (error: MachineUnreachableError) =>
        self.send({ type: "unreachable", machine, error });
      const watched = delegating(at, report);
      await ownedOrStopped(context, () => stopAfter(spec, machine, watched));
      memory.started(watched);
      const { health: limits, ttlMs } = spec;
      return { machine, health: new MachineHealth({ machine, memory, context, limits, ttlMs }) };
    },
    receive: (life, message) => {
      if ("machine" in message && message.machine !== life.machine) return life;
      switch (message.type) {
        case "unreachable":
          life.health.unreachable(message.error);
          if (message.probed) life.health.missed();
          return life;
        case "answered":
          life.health.answered();
          return life;
        case "probe-due":
          life.health.probe();
          return life;
        case "grace-over":
          life.health.lost();
          return life;
        case "lease-due":
          life.health.renew(message.ttlMs);
          return life;
        default:
          return message satisfies never;
      }
    },
    terminate: (_, reason, { epoch }) => {
      if (reason.type !== "error") memory.standing.stopping(epoch);
    },
  };
}

/** The actor may have been closed while the image was spawned: then nobody else stops the machine. */
async function ownedOrStopped(
  context: Pick<Context<MachineMessage>, "own">,
  stop: () => Promise<void>,
): Promise<void> {
  try {
    context.own(stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopAfter(spec: MachineSpec, machine: Machine, watched: Machine): Promise<void> {
  try {
    await spec.beforeStop?.(watched);
  } catch (error) {
    // From a machine that is gone nothing can be taken away.
    if (!(error instanceof MachineUnreachableError)) throw error;
  } finally {
    await machine.stop();
  }
}
