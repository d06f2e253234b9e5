import type { AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from "xstate";
import { type Behavior, type Context, errorExit } from "../kernel/index.ts";
import {
  checkKept,
  HostedMachine,
  type KeptMachine,
  type MachineInspector,
} from "./hosted-machine.ts";

export interface FromMachineOptions<Machine extends AnyStateMachine> {
  /** The input of the machine, where it asks for one. */
  readonly input?: InputFrom<Machine> | undefined;
  /** The state to go on from, as `kept` gave it. Default: every incarnation begins in the initial state. */
  readonly from?: KeptMachine | undefined;
  /** Called after each step with the whole state as data. Default: nobody keeps it. */
  readonly kept?: ((state: KeptMachine) => void) | undefined;
  /** Called with every event and transition, such as the `inspect` of `@statelyai/inspect`. Default: not called. */
  readonly inspect?: MachineInspector | undefined;
}

/** The message that fetches the newest snapshot after a step that no message caused. */
const refresh = Symbol("ramure.refresh");

type HostedMessage<Machine extends AnyStateMachine> = EventFromLogic<Machine> | typeof refresh;

/**
 * Run an XState machine as an actor: its messages are the machine's events, its state the snapshot.
 *
 * Delays go by the system's clock. Events that the machine emits go to the actor's log. A final state
 * ends the actor with the machine's output; an error in the machine crashes the actor. An event that
 * the current state does not handle is reported as unhandled. Every incarnation runs its own machine;
 * what a machine invoked or spawned, and its delays, end with the incarnation.
 *
 * The behavior's `init` throws MisuseError (`kept-machine`) for a `from` that is no state of a machine
 * that runs.
 *
 * @example
 * ```ts
 * import { createSystem, fromMachine } from "ramure/actors";
 * import { createMachine } from "xstate";
 *
 * const light = createMachine({
 *   initial: "red",
 *   states: { red: { on: { go: "green" } }, green: { type: "final" } },
 * });
 *
 * const system = createSystem();
 * const ref = system.spawn(fromMachine(light));
 * ref.send({ type: "go" });
 * console.log((await ref.exited).type); // normal
 * await system.stop();
 * ```
 */
export function fromMachine<Machine extends AnyStateMachine>(
  machine: Machine,
  options: FromMachineOptions<Machine> = {},
): Behavior<EventFromLogic<Machine>, SnapshotFrom<Machine>> {
  const hosts = new WeakMap<object, MachineHost<Machine>>();
  const behavior: Behavior<HostedMessage<Machine>, SnapshotFrom<Machine>> = {
    init: (context) => {
      const host = new MachineHost(machine, options, context);
      hosts.set(context, host);
      context.own(() => host.stop());
      return host.start();
    },
    receive: (state, message, context) => hosts.get(context)?.receive(message) ?? state,
  };
  // Safe cast: only the host itself sends `refresh`; callers see the machine's own events.
  return behavior as Behavior<EventFromLogic<Machine>, SnapshotFrom<Machine>>;
}

/** One incarnation of a machine inside an actor. */
class MachineHost<Machine extends AnyStateMachine> {
  readonly #context: Context<HostedMessage<Machine>>;
  readonly #hosted: HostedMachine<Machine>;
  readonly #kept: FromMachineOptions<Machine>["kept"];
  #stepping = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    machine: Machine,
    { input, from, kept, inspect }: FromMachineOptions<Machine>,
    context: Context<HostedMessage<Machine>>,
  ) {
    checkKept(from);
    this.#context = context;
    this.#kept = kept;
    this.#hosted = new HostedMachine(
      machine,
      { clock: context.clock, input, from, inspect },
      {
        stepped: () => this.#stepped(),
        emitted: (event) => context.emit(event.type, event),
        failed: (error) => this.#failed(error),
        completed: (output) => context.exit({ type: "normal", value: output }),
      },
    );
  }

  start(): SnapshotFrom<Machine> {
    return this.#step(() => this.#hosted.start());
  }

  receive(message: HostedMessage<Machine>): SnapshotFrom<Machine> {
    if (message === refresh) return this.#hosted.snapshot;
    if (!this.#hosted.takes(message)) this.#context.unhandled();
    return this.#step(() => this.#hosted.send(message));
  }

  stop(): void {
    this.#hosted.stop();
  }

  #step(action: () => void): SnapshotFrom<Machine> {
    this.#stepping = true;
    action();
    this.#stepping = false;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#hosted.snapshot;
  }

  #stepped(): void {
    if (!this.#stepping) this.#context.self.send(refresh);
    this.#kept?.(this.#hosted.kept());
  }

  #failed(error: unknown): void {
    this.#failure = { error };
    if (!this.#stepping) this.#context.exit(errorExit(error));
  }
}
