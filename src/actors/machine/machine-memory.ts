import { MachineUnreachableError, UnsupportedError } from "../../machines/errors.ts";
import type { Machine } from "../../machines/machine.ts";
import type { Clock } from "../clock.ts";
import type { Ref } from "../kernel/index.ts";
import { Lives, type RegistryMessage } from "../registry/index.ts";
import { type Settle, waiting } from "../wait.ts";
import { type MachineEvent, type MachineState, machineChart } from "./machine-lifecycle.ts";

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
  /** Is told of each change. Default: nobody. */
  readonly registry?: Ref<RegistryMessage> | undefined;
}

/**
 * The memory of one machine, which outlives its incarnations. Only the living incarnation writes
 * it.
 */
export class MachineMemory {
  readonly path: string;
  /** Its state over all its incarnations, as the registry is told. */
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
    const { kind, workDir, summary, branch, identity } = machine;
    return {
      summary,
      facts: { kind, workDir, ...(branch && { branch }), ...(identity && { identity }) },
    };
  }
}

/** A way to the present machine. */
export interface MachineSource {
  now(): Machine;
  ready(signal?: AbortSignal): Promise<Machine>;
}

/** A machine whose methods ask for the machine of the moment, with the abilities of the one there is now. */
export function delegating(
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
  const { kind, summary, workDir, branch, identity } = at.now();
  const stop = () => use((machine) => machine.stop());
  return {
    kind,
    summary,
    workDir,
    ...(branch && { branch }),
    identity,
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
