import {
  type Actor,
  type ActorRefLike,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type EventObject,
  type InputFrom,
  type InspectionEvent,
  type Observer,
  type OutputFrom,
  type SnapshotFrom,
} from "xstate";
import { MisuseError } from "../../errors.ts";
import type { Clock, ClockTimer } from "../clock.ts";

/** An observer of a machine, such as an inspector. */
export type MachineInspector = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

/** A delayed event that a machine has set and that has not come yet. */
export interface KeptDelay {
  /** The ids of invoked or spawned actors that lead to the one that set it; empty: the machine itself. */
  readonly from: readonly string[];
  /** The ids that lead to the actor that gets it. */
  readonly to: readonly string[];
  readonly id: string;
  readonly event: EventObject;
  /** Wall-clock ms since 1970. */
  readonly dueAt: number;
}

/** The whole state of a machine as plain data, as far as its context is plain data. */
export interface KeptMachine {
  readonly status: "active" | "done" | "error" | "stopped";
  /** The state's value: a name, or names by region. */
  readonly value: unknown;
  readonly context: unknown;
  /** The output of a final state. */
  readonly output?: unknown;
  readonly error?: unknown;
  /** The invoked and spawned actors by id, each as XState keeps it. */
  readonly children: Readonly<Record<string, unknown>>;
  readonly historyValue?: unknown;
  /** The delays that run, the earliest first. */
  readonly delays: readonly KeptDelay[];
}

export interface HostedMachineOptions<Machine extends AnyStateMachine> {
  readonly clock: Clock;
  /** The input of the machine, where it asks for one. */
  readonly input?: InputFrom<Machine> | undefined;
  /** The state to go on from. Default: the initial state. */
  readonly from?: KeptMachine | undefined;
  readonly inspect?: MachineInspector | undefined;
  /** Runs whatever a delay brings about. Default: as it is. */
  readonly run?: ((step: () => void) => void) | undefined;
}

/** The listeners to a machine that runs. */
export interface MachineEvents<Machine extends AnyStateMachine> {
  /** The machine has taken an event, and acted on it. */
  stepped(): void;
  /** The machine emitted an event. */
  emitted(event: EventObject): void;
  /** The machine reached a final state. */
  completed(output: OutputFrom<Machine>): void;
  /** The machine, or an actor whose error it does not handle, failed. */
  failed(error: unknown): void;
}

/** An XState machine that runs on a clock of ours, and whose whole state can be kept. */
export class HostedMachine<Machine extends AnyStateMachine> {
  readonly #actor: Actor<Machine>;
  readonly #clock: MachineClock;
  readonly #from: KeptMachine | undefined;
  readonly #below = new Below();

  constructor(
    machine: Machine,
    { clock, input, from, inspect, run }: HostedMachineOptions<Machine>,
    events: MachineEvents<Machine>,
  ) {
    this.#clock = new MachineClock(clock, run ?? ((step) => step()), () => this.#scheduled());
    this.#from = from;
    this.#actor = createActor(machine, {
      clock: this.#clock,
      inspect: (event: InspectionEvent) => {
        if (event.type === "@xstate.actor") this.#below.add(event.actorRef);
        if (typeof inspect === "function") inspect(event);
        else inspect?.next?.(event);
      },
      ...(input === undefined ? {} : { input }),
      ...(from === undefined ? {} : { snapshot: from }),
    } as never);
    this.#actor.subscribe({
      next: () => events.stepped(),
      error: (error) => events.failed(error),
      complete: () => events.completed(this.#snapshot.output as OutputFrom<Machine>),
    });
    this.#actor.on("*", (event) => events.emitted(event));
  }

  /** Start it, and set again the delays of the state that it goes on from; those that are over come at once. */
  start(): void {
    this.#actor.start();
    const now = this.#clock.wallNow();
    for (const { from, to, event, id, dueAt } of this.#from?.delays ?? []) {
      const [source, target] = [this.#actorAt(from), this.#actorAt(to)];
      if (source === undefined || target === undefined) continue;
      this.#actor.system.scheduler.schedule(source, target, event, Math.max(0, dueAt - now), id);
    }
  }

  get snapshot(): SnapshotFrom<Machine> {
    return this.#actor.getSnapshot();
  }

  /** Tell whether the state takes this event. */
  takes(event: EventFromLogic<Machine>): boolean {
    return this.#snapshot.can(event);
  }

  send(event: EventFromLogic<Machine>): void {
    this.#actor.send(event);
  }

  /** Give its whole state. */
  kept(): KeptMachine {
    // Safe cast: a machine's persisted snapshot has these fields, and KeptMachine names no other.
    const snapshot = this.#actor.getPersistedSnapshot() as unknown as Omit<KeptMachine, "delays">;
    return { ...snapshot, delays: this.#delays() };
  }

  /** Stop it, with its delays and all actors that it invoked or spawned. */
  stop(): void {
    this.#actor.stop();
    this.#below.stop();
  }

  get #snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot();
  }

  #scheduled(): readonly object[] {
    return Object.values(this.#actor.system.getSnapshot()._scheduledEvents);
  }

  #delays(): readonly KeptDelay[] {
    const delays: KeptDelay[] = [];
    for (const scheduled of Object.values(this.#actor.system.getSnapshot()._scheduledEvents)) {
      const from = wayTo(this.#actor, scheduled.source);
      const to = wayTo(this.#actor, scheduled.target);
      const dueAt = this.#clock.dueAt(scheduled);
      if (from === undefined || to === undefined || dueAt === undefined) continue;
      delays.push({ from, to, id: scheduled.id, event: scheduled.event, dueAt });
    }
    return delays.sort((a, b) => a.dueAt - b.dueAt);
  }

  #actorAt(way: readonly string[]): AnyActorRef | undefined {
    let found: AnyActorRef | undefined = this.#actor;
    for (const id of way) found = found === undefined ? undefined : childrenOf(found)[id];
    return found;
  }
}

/** The actors that a machine invoked or spawned. XState leaves them running when an action throws. */
class Below {
  readonly #actors = new Set<ActorRefLike>();
  #lookAt = 64;

  add(actor: ActorRefLike): void {
    if (this.#actors.size >= this.#lookAt) {
      for (const each of this.#actors) if (!isActive(each)) this.#actors.delete(each);
      this.#lookAt = Math.max(64, 2 * this.#actors.size);
    }
    this.#actors.add(actor);
  }

  /** Stop those that run, the last that was started first. */
  stop(): void {
    for (const actor of [...this.#actors].reverse()) {
      if (isActive(actor)) actor.send({ type: "xstate.stop" });
    }
    this.#actors.clear();
  }
}

function isActive(actor: ActorRefLike): boolean {
  const { status }: { readonly status?: unknown } = Object(actor.getSnapshot());
  return status === "active";
}

/** Read a kept state that comes from outside. Throws MisuseError (`kept-machine`) for anything else. */
export function checkKept(kept: unknown): asserts kept is KeptMachine | undefined {
  if (kept === undefined) return;
  const { status, value, delays }: Partial<KeptMachine> = Object(kept);
  if (status === "active" && value !== undefined && Array.isArray(delays)) return;
  const what = status === undefined ? "no state of a machine" : `a machine that is ${status}`;
  throw new MisuseError(
    "kept-machine",
    `This is ${what}; go on from the data of a snapshot event whose status is active.`,
  );
}

/** Find the ids that lead from a machine to an actor below it. */
function wayTo(root: AnyActorRef, wanted: AnyActorRef): readonly string[] | undefined {
  if (root === wanted) return [];
  for (const [id, child] of Object.entries(childrenOf(root))) {
    const way = child === undefined ? undefined : wayTo(child, wanted);
    if (way !== undefined) return [id, ...way];
  }
  return undefined;
}

function childrenOf(actor: AnyActorRef): Readonly<Record<string, AnyActorRef | undefined>> {
  const snapshot: Partial<AnyMachineSnapshot> = actor.getSnapshot() ?? {};
  return snapshot.children ?? {};
}

/** A clock of ours in the form that XState needs; it knows when each delay is over. */
class MachineClock {
  readonly #clock: Clock;
  readonly #run: (step: () => void) => void;
  readonly #scheduled: () => readonly object[];
  readonly #due = new WeakMap<object, number>();

  /** `scheduled` lists the delays of the machine; the one that was set last is there before its timer is. */
  constructor(clock: Clock, run: (step: () => void) => void, scheduled: () => readonly object[]) {
    this.#clock = clock;
    this.#run = run;
    this.#scheduled = scheduled;
  }

  setTimeout(step: () => void, delayMs: number): ClockTimer {
    const dueAt = this.#clock.wallNow() + delayMs;
    for (const one of this.#scheduled()) if (!this.#due.has(one)) this.#due.set(one, dueAt);
    return this.#clock.setTimer(delayMs, () => this.#run(step));
  }

  clearTimeout(timer: ClockTimer | undefined): void {
    timer?.cancel();
  }

  wallNow(): number {
    return this.#clock.wallNow();
  }

  dueAt(scheduled: object): number | undefined {
    return this.#due.get(scheduled);
  }
}
