import { RamureError } from "../../errors.ts";
import type {
  Image,
  Machine,
  MachineRecord,
  Mount,
  Remains,
  SpawnMachineOptions,
} from "../../machines/machine.ts";
import type { Context } from "../kernel/index.ts";
import type { MachineMemory } from "./machine-memory.ts";

/** The options of every spawn of one machine. */
export interface MachineSpawn {
  readonly name: string;
  readonly image: Image;
  /** The memory that outlives its incarnations. */
  readonly memory: MachineMemory;
  /** Set for whatever runs there: the marks of the run. Default: none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Files of this host that are to be seen there. Asked before each spawn. Default: none. */
  readonly mounts?: (() => Promise<readonly Mount[]>) | undefined;
  /** Bounds how many machines are spawned at a time. Default: no bound. */
  readonly gate?: { enter(signal: AbortSignal): Promise<() => void> } | undefined;
  /** Attempts at a first spawn that may succeed later. Default: 3. */
  readonly startAttempts?: number | undefined;
  /** The longest time that the machine outlives this program, in ms, where its backend can end it. Default: the backend's own. */
  readonly ttlMs?: number | undefined;
  /** A machine of an earlier program, to take up instead of the first spawn. Default: none. */
  readonly adopt?: MachineRecord | undefined;
  /** Keeps a record of what is made outside this program; with `on`, the machine's own words for it. Default: no record. */
  readonly record?: ((remains: Remains, on?: string) => Promise<void>) | undefined;
}

const firstDelayMs = 1_000;

/** Spawn the image, in its turn. A first spawn that fails is tried again, each time after twice the wait. */
export async function spawnMachine<Message>(
  spec: MachineSpawn,
  { signal, epoch, clock }: Pick<Context<Message>, "signal" | "epoch" | "clock">,
): Promise<Machine> {
  const attempts = epoch === 1 ? (spec.startAttempts ?? 3) : 1;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await spawnOnce(spec, epoch === 1 && attempt === 1, signal);
    } catch (error) {
      const isHopeless = error instanceof RamureError && !error.retryable;
      if (attempt >= attempts || isHopeless || signal.aborted) throw error;
      const { standing } = spec.memory;
      standing.move({ type: "crashed" }, error instanceof Error ? error.message : String(error));
      await clock.sleep(firstDelayMs * 2 ** (attempt - 1), { signal });
      standing.move({ type: "restarted" });
    }
  }
}

async function spawnOnce(
  spec: MachineSpawn,
  isFirst: boolean,
  signal: AbortSignal,
): Promise<Machine> {
  const { name, image, env, ttlMs, record } = spec;
  const leave = await spec.gate?.enter(signal);
  try {
    const mounts = await spec.mounts?.();
    const made: Remains[] = [];
    const options: SpawnMachineOptions = {
      name,
      path: spec.memory.path,
      signal,
      env,
      mounts,
      ttlMs,
      record: async (remains) => {
        made.push(remains);
        await record?.(remains);
      },
    };
    const adopted = isFirst && spec.adopt ? await image.adopt?.(spec.adopt, options) : undefined;
    const machine = adopted ?? (await image.spawn(options));
    for (const remains of made) await record?.(remains, machine.summary);
    return machine;
  } finally {
    leave?.();
  }
}
