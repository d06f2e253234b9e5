import {
  type Actor,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
} from "xstate";
import type { Clock, ClockTimer } from "../clock.ts";
import type { Behavior, Context } from "./behavior.ts";
import { errorExit } from "./exit-reason.ts";

export interface FromMachineOptions<Machine extends AnyStateMachine> {
  /** The input of the machine, where it asks for one. */
  readonly input?: InputFrom<Machine> | undefined;
}

/** The message that fetches the newest snapshot after a step that no message caused. */
const refresh = Symbol("ramure.refresh");

type HostedMessage<Machine extends AnyStateMachine> = EventFromLogic<Machine> | typeof refresh;

/**
 * Run an XState machine as an actor: its messages are the machine's events, its state the snapshot.
 *
 * Delays go by the system's clock. Events that the machine emits go to the actor's log. A final state
 * ends the actor with the machine's output; an error in the machine crashes the actor. An event that
 * the current state does not handle is reported as unhandled. Every incarnation runs its own machine.
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
  const hosted = new WeakMap<object, Hosted<Machine>>();
  const behavior: Behavior<HostedMessage<Machine>, SnapshotFrom<Machine>> = {
    init: (context) => {
      const host = new Hosted(machine, options, context);
      hosted.set(context, host);
      context.own(() => host.stop());
      return host.start();
    },
    receive: (state, message, context) => hosted.get(context)?.receive(message) ?? state,
  };
  // Safe cast: only the host itself sends `refresh`; callers see the machine's own events.
  return behavior as Behavior<EventFromLogic<Machine>, SnapshotFrom<Machine>>;
}

class Hosted<Machine extends AnyStateMachine> {
  readonly #context: Context<HostedMessage<Machine>>;
  readonly #actor: Actor<Machine>;
  #stepping = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    machine: Machine,
    { input }: FromMachineOptions<Machine>,
    context: Context<HostedMessage<Machine>>,
  ) {
    this.#context = context;
    const clock = new MachineClock(context.clock);
    this.#actor = createActor(machine, {
      clock,
      ...(input === undefined ? {} : { input }),
    } as never);
    this.#actor.subscribe({
      next: () => this.#stepped(),
      error: (error) => this.#failed(error),
      complete: () => this.#completed(),
    });
    this.#actor.on("*", (event) => context.emit(event.type, event));
  }

  start(): SnapshotFrom<Machine> {
    return this.#step(() => this.#actor.start());
  }

  receive(message: HostedMessage<Machine>): SnapshotFrom<Machine> {
    if (message === refresh) return this.#actor.getSnapshot();
    const snapshot: AnyMachineSnapshot = this.#actor.getSnapshot();
    if (!snapshot.can(message)) this.#context.unhandled();
    return this.#step(() => this.#actor.send(message as EventFromLogic<Machine>));
  }

  stop(): void {
    this.#actor.stop();
  }

  #step(action: () => void): SnapshotFrom<Machine> {
    this.#stepping = true;
    action();
    this.#stepping = false;
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#actor.getSnapshot();
  }

  #stepped(): void {
    if (!this.#stepping) this.#context.self.send(refresh);
  }

  #failed(error: unknown): void {
    this.#failure = { error };
    if (!this.#stepping) this.#context.exit(errorExit(error));
  }

  #completed(): void {
    const { output } = this.#actor.getSnapshot();
    this.#context.exit({ type: "normal", value: output });
  }
}

/** The system's clock in the form that XState needs. */
class MachineClock {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setTimeout(callback: () => void, delayMs: number): ClockTimer {
    return this.#clock.setTimer(delayMs, callback);
  }

  clearTimeout(timer: ClockTimer | undefined): void {
    timer?.cancel();
  }
}
