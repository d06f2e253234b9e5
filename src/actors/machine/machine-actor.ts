import { MachineUnreachableError, UnsupportedError } from "../../machines/errors.ts";
import type { Image, Machine, Mount } from "../../machines/machine.ts";
import type { Clock } from "../clock.ts";
import {
  type Behavior,
  type Context,
  errorExit,
  type Ref,
  type SpawnOptions,
} from "../kernel/index.ts";
import { Lives, type RegistryMessage } from "../registry/index.ts";
import { type Settle, waiting } from "../wait.ts";
import { type MachineEvent, type MachineState, machineChart } from "./machine-lifecycle.ts";

/** The messages that a machine's actor takes. */
export type MachineMessage =
  /** A command could not reach the machine; a message about an earlier machine changes nothing. */
  {
    readonly type: "unreachable";
    readonly machine: Machine;
    readonly error: MachineUnreachableError;
  };

export interface MachineSpec {
  readonly name: string;
  readonly image: Image;
  /** The memory that outlives its incarnations. */
  readonly memory: MachineMemory;
  /** Set for whatever runs there: the marks of the run. Default: none. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Files of this host that are to be seen there. Asked before each spawn. Default: none. */
  readonly mounts?: (() => Promise<readonly Mount[]>) | undefined;
  /** Takes away what was made on it, while it can still be reached. Default: nothing. */
  readonly beforeStop?: ((machine: Machine) => Promise<void>) | undefined;
}

/** The spawn options of a machine. */
export const machineSpawnOptions = {
  kind: "machine",
  startTimeoutMs: 300_000,
  shutdownMs: 15_000,
} as const satisfies SpawnOptions;

/**
 * Make the actor of a machine: it spawns the image and stops the machine at its end.
 *
 * It ends with class `lost` when a command could not reach the machine. When no other incarnation
 * follows, the maker of the memory calls its `end`.
 */
export function machineBehavior(spec: MachineSpec): Behavior<MachineMessage, Machine> {
  const { name, image, memory, env } = spec;
  return {
    init: async (context) => {
      const { signal, self, epoch } = context;
      memory.begin(epoch);
      context.own(() => memory.leave());
      const mounts = await spec.mounts?.();
      const machine = await image
        .spawn({ name, path: memory.path, signal, env, mounts })
        .catch((error: unknown) => {
          if (signal.aborted) memory.standing.stopping(epoch);
          throw error;
        });
      const at: MachineSource = { now: () => machine, ready: async () => machine };
      const report = (error: MachineUnreachableError) =>
        self.send({ type: "unreachable", machine, error });
      const watched = delegating(at, report);
      await ownedOrStopped(context, () => stopAfter(spec, machine, watched));
      memory.started(watched);
      return machine;
    },
    receive: (machine, message, context) => {
      if (message.machine !== machine) return machine;
      memory.standing.move({ type: "lost" }, message.error.message);
      context.exit(errorExit(message.error, "lost"));
      return machine;
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

/**
 * Give the one machine that a program holds, whichever incarnation is behind it.
 *
 * While the machine restarts, its methods wait. It has the abilities that the machine has now.
 */
export function machineHandle(memory: MachineMemory, stop: () => Promise<void>): Machine {
  const at: MachineSource = {
    now: () => memory.current(),
    ready: (signal) => memory.available(signal),
  };
  const handle = delegating(at, () => {});
  return {
    ...handle,
    get summary() {
      return memory.summary;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export interface MachineMemoryOptions {
  readonly clock: Clock;
  readonly path: string;
  /** The actor to tell of each change. Default: none. */
  readonly registry?: Ref<RegistryMessage> | undefined;
}

/**
 * The memory of one machine, which outlives its incarnations. Only the living incarnation writes
 * it.
 */
export class MachineMemory {
  readonly path: string;
  /** The state of the machine over all its incarnations, as the registry is told. */
  readonly standing: Lives<MachineState, MachineEvent>;
  readonly #waiters = new Set<Settle<Machine>>();
  #machine: Machine | undefined;
  #summary = "";
  #ended: Error | undefined;

  constructor(options: MachineMemoryOptions) {
    this.path = options.path;
    this.standing = new Lives(machineChart, { ...options, describe: () => this.#described() });
  }

  get state(): MachineState {
    return this.standing.state;
  }

  /** The words of the machine living now, or of the last one. */
  get summary(): string {
    return this.#summary;
  }

  /** The machine living now. Throws MachineUnreachableError when there is none. */
  current(): Machine {
    if (this.#machine) return this.#machine;
    throw (
      this.#ended ?? new MachineUnreachableError(this.path, `it is ${this.state} and not ready`)
    );
  }

  /** The machine living now, or the next one. Rejects when there will be none. */
  available(signal?: AbortSignal): Promise<Machine> {
    if (this.#machine) return Promise.resolve(this.#machine);
    if (this.#ended) return Promise.reject(this.#ended);
    return waiting({ signal }, (waiter) => {
      this.#waiters.add(waiter);
      return () => this.#waiters.delete(waiter);
    });
  }

  begin(epoch: number): void {
    this.#ended = undefined;
    this.standing.enter(epoch, { type: "restarted" });
  }

  started(machine: Machine): void {
    this.#machine = machine;
    this.#summary = machine.summary;
    this.standing.move({ type: "started" });
    for (const { resolve } of this.#waiters) resolve(machine);
  }

  /** An incarnation is over, its resources released; says nothing of a next one. */
  leave(): void {
    this.#machine = undefined;
    this.standing.left(this.standing.summary);
  }

  /** End the memory: no other incarnation follows, and waits for one reject. A machine that waits for a restart goes to the state `as`, by default `failed`. */
  end(why: string, as: "stopped" | "failed" = "failed"): void {
    this.standing.end(why, as);
    this.#ended = new MachineUnreachableError(this.path, why);
    for (const { reject } of this.#waiters) reject(this.#ended);
  }

  #described() {
    const machine = this.#machine;
    if (machine === undefined) return {};
    const { kind, workDir, summary, branch } = machine;
    return { summary, facts: { kind, workDir, ...(branch && { branch }) } };
  }
}

/** A way to the present machine. */
interface MachineSource {
  now(): Machine;
  ready(signal?: AbortSignal): Promise<Machine>;
}

/** A machine whose methods ask for the machine of the moment, with the abilities of the one there is now. */
function delegating(
  at: MachineSource,
  unreachable: (error: MachineUnreachableError) => void,
): Machine {
  const use = async <Value>(
    act: (machine: Machine) => Value | Promise<Value>,
    signal?: AbortSignal,
  ): Promise<Value> => {
    try {
      return await act(await at.ready(signal));
    } catch (error) {
      if (error instanceof MachineUnreachableError) unreachable(error);
      throw error;
    }
  };
  const { kind, summary, workDir, branch } = at.now();
  const stop = () => use((machine) => machine.stop());
  return {
    kind,
    summary,
    workDir,
    ...(branch && { branch }),
    exec: (command, options) => use((machine) => machine.exec(command, options), options?.signal),
    writeFile: (path, content, options) =>
      use((machine) => machine.writeFile(path, content, options)),
    readFile: (path, options) => use((machine) => machine.readFile(path, options)),
    stop,
    [Symbol.asyncDispose]: stop,
    ...abilities(at, use),
  };
}

type Use = <Value>(act: (machine: Machine) => Value | Promise<Value>) => Promise<Value>;
type Abilities = Pick<Machine, "fork" | "snapshot" | "shell" | "duplex" | "reach">;

/** Only what there is: a missing method says that a machine cannot do it. */
function abilities(at: MachineSource, use: Use): Abilities {
  const like = at.now();
  const able = <Key extends keyof Abilities>(machine: Machine, key: Key) => {
    const ability = machine[key];
    if (!ability) throw new UnsupportedError(machine.kind, key);
    return ability.bind(machine) as NonNullable<Machine[Key]>;
  };
  return {
    ...(like.fork && { fork: () => use((machine) => able(machine, "fork")()) }),
    ...(like.snapshot && { snapshot: () => use((machine) => able(machine, "snapshot")()) }),
    ...(like.shell && { shell: (command) => able(at.now(), "shell")(command) }),
    ...(like.duplex && {
      duplex: (command) => use((machine) => able(machine, "duplex")(command)),
    }),
    ...(like.reach && { reach: (socket) => use((machine) => able(machine, "reach")(socket)) }),
  };
}
