import { createMachine, transition } from "xstate";
import type { Clock } from "../clock.ts";
import type { Ref } from "../kernel/index.ts";
import type { RegistryMessage, RegistryNode } from "./registry-actor.ts";

interface Typed {
  readonly type: string;
}

/** The events that each state takes, and the state that follows. */
export type ChartTable<State extends string, Event extends Typed> = Readonly<
  Record<State, { readonly [Type in Event["type"]]?: State }>
>;

/** The states of one kind of thing, as a table of plain data. */
export interface Chart<State extends string, Event extends Typed> {
  /** `process`, `agent`, `machine`. */
  readonly kind: string;
  readonly initial: State;
  /** Give the state that follows. Throws for an event that the state does not know: a bug, so a crash. */
  next(state: State, event: Event): State;
  /** Tell whether a thing in this state runs or comes up. */
  isLive(state: State): boolean;
}

export interface ChartOptions<State extends string, Event extends Typed> {
  readonly initial: State;
  /** The states in which nothing runs. */
  readonly ended: readonly State[];
  readonly table: ChartTable<State, Event>;
}

/** Make a statechart of a table. */
export function chart<State extends string, Event extends Typed>(
  kind: string,
  { initial, ended, table }: ChartOptions<State, Event>,
): Chart<State, Event> {
  const rows: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = table;
  const states = Object.fromEntries(
    Object.entries(rows).map(([state, on]) => [state, { on: { ...on } }]),
  );
  const machine = createMachine({ id: kind, initial, states });
  const article = /^[aeiou]/.test(kind) ? "An" : "A";
  return {
    kind,
    initial,
    next: (state, event) => {
      const current = machine.resolveState({ value: state });
      if (!current.can(event))
        throw new Error(`${article} ${kind} that is ${state} cannot take ${event.type}.`);
      // The states of the machine are the keys of the table.
      return transition(machine, current, event)[0].value as State;
    },
    isLive: (state) => !ended.includes(state),
  };
}

/** The facts that a move leaves open. */
export type StandingNote = Pick<RegistryNode, "summary" | "facts">;

export interface StandingOptions {
  readonly path: string;
  readonly clock: Clock;
  /** The actor to tell of each change. Default: none. */
  readonly registry?: Ref<RegistryMessage> | undefined;
  /** Gives the facts of now, and the summary where the last move gave none. Default: neither. */
  readonly describe?: (() => StandingNote) | undefined;
}

/** The state of one process, agent or machine over all its epochs. Reports each change to the registry. */
export class Standing<State extends string, Event extends Typed> {
  readonly #chart: Chart<State, Event>;
  readonly #options: StandingOptions;
  #state: State;
  #since: number;
  #epoch = 0;
  #summary: string | undefined;

  constructor(chart: Chart<State, Event>, options: StandingOptions) {
    this.#chart = chart;
    this.#options = options;
    this.#state = chart.initial;
    this.#since = options.clock.wallNow();
  }

  get state(): State {
    return this.#state;
  }

  /** The epoch that began last; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The summary of the last move; undefined when it gave none. */
  get summary(): string | undefined {
    return this.#summary;
  }

  /** Tell whether something runs or comes up. */
  get isLive(): boolean {
    return this.#chart.isLive(this.#state);
  }

  /** Begin an epoch. An epoch after the first takes `again`, the event that leads back to the start. */
  enter(epoch: number, again: Event): void {
    const isFirst = this.#epoch === 0;
    this.#epoch = epoch;
    if (isFirst) this.report();
    else this.move(again);
  }

  /** Take the event and tell the registry. Throws for an event that the state does not know. */
  move(event: Event, summary?: string): void {
    const state = this.#chart.next(this.#state, event);
    if (state !== this.#state) this.#since = this.#options.clock.wallNow();
    this.#state = state;
    this.#summary = summary;
    this.report();
  }

  /** Tell the registry how it stands now. */
  report(): void {
    const { path, registry, describe } = this.#options;
    const { summary, facts } = describe?.() ?? {};
    const node: RegistryNode = {
      path,
      kind: this.#chart.kind,
      state: this.#state,
      epoch: Math.max(1, this.#epoch),
      since: this.#since,
      restarts: Math.max(0, this.#epoch - 1),
      summary: this.#summary ?? summary,
      facts,
    };
    registry?.send({ type: "changed", node });
  }
}
