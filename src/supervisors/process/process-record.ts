import { type AppendOptions, createEventLog, type EventLog } from "../../actors/events/index.ts";
import { NoProcError } from "../../actors/kernel/index.ts";
import { Standing } from "../../actors/registry/index.ts";
import { type Deferred, deferred } from "../../actors/wait.ts";
import { checkSent, EndpointTable } from "../endpoints/index.ts";
import type { Agent } from "./agent.ts";
import type { ProcessDefinition } from "./definition.ts";
import { type Ending, errorOf, type Terminal, terminalOf } from "./ending.ts";
import { type ProcessEvent, type ProcessState, processChart } from "./lifecycle.ts";
import type { Addressee, Run } from "./run.ts";

/** The means by which the starter of a process ends or restarts it. */
export interface ProcessControl {
  cancel(): Promise<void>;
  restart(): Promise<void>;
}

/** The most messages that wait for a process that is being started (design, section 4). */
const maxEarly = 1_000;

/**
 * The most events of a process in memory. A reader that is further behind reads the run's journal.
 */
const maxEvents = 10_000;

/** The epoch of a process that runs. */
export interface Living {
  /** Put a message into its mailbox; false when it has ended. */
  deliver(message: unknown): boolean;
  /** The present waits of its code, in words. */
  waits(): readonly string[];
  /** Tell whether its code has received a message, or asked for one. */
  receives(): boolean;
}

/** The part of a process that outlives its epochs: path, events, result, agents, endpoints. */
export class ProcessRecord {
  readonly log: EventLog;
  readonly agents: Map<string, Agent>;
  readonly endpoints: EndpointTable;
  /** The processes that it started, in start order. */
  readonly children: Map<string, ProcessRecord> = new Map();
  /** The epoch that runs. */
  living: Living | undefined;
  /** The object that the handle of a supervisor or of a pool acts on, while an epoch lives. */
  service: object | undefined;
  control: ProcessControl | undefined;
  cancelReason: string | undefined;
  /** The child that its supervision gave up on. */
  lost: Error | undefined;
  /** The value that the last failed epoch threw. */
  thrown: unknown;
  readonly #onEnd = new Set<(terminal: Terminal, ending: Ending) => void>();
  /** The messages that came before the body was entered. */
  readonly #early: unknown[] = [];
  readonly #standing: Standing<ProcessState, ProcessEvent>;
  /** Tell whether the endpoints are this process's own, and not those of the process that stands for it. */
  readonly #exposesItself: boolean;
  #facts: Readonly<Record<string, unknown>> | undefined;
  /** True when a caller has asked for the result or the events by the handle. */
  isRead = false;
  /** True while the process is restarted by hand: the end of this epoch is the beginning of the next. */
  #restarting = false;
  #result: Deferred<unknown> = deferred();

  constructor(
    readonly run: Run,
    readonly definition: ProcessDefinition,
    readonly args: readonly unknown[],
    readonly path: string,
    /** The process that stands for this one outside: its agents and endpoints are this one's. */
    face?: ProcessRecord | undefined,
  ) {
    this.log = createEventLog({
      clock: run.clock,
      path,
      max: maxEvents,
      archive: run.archive(path),
    });
    this.agents = face?.agents ?? new Map();
    this.endpoints = face?.endpoints ?? new EndpointTable(path, run.clock);
    this.#exposesItself = face === undefined;
    const { clock, registry } = run;
    const { summary } = definition.options;
    this.#facts = definition.facts;
    const describe = () => ({ summary, facts: this.#facts });
    this.#standing = new Standing(processChart, { path, clock, registry, describe });
    this.#standing.enter(1, { type: "restarted" });
  }

  get name(): string {
    return this.path.slice(this.path.lastIndexOf("/") + 1);
  }

  get state(): ProcessState {
    return this.#standing.state;
  }

  get epoch(): number {
    return this.#standing.epoch;
  }

  /** Give the result of the current epoch. Rejects with the value that the epoch failed with. */
  result(): Promise<unknown> {
    return this.#result.promise;
  }

  /** Call `listener` at the end of every epoch from now on. Returns a function that stops this. */
  onEnd(listener: (terminal: Terminal, ending: Ending) => void): () => void {
    this.#onEnd.add(listener);
    return () => this.#onEnd.delete(listener);
  }

  /** Begin the next epoch: a reader of the last epoch's end reads on. Idempotent until that epoch ends. */
  reopen(): void {
    if (this.#standing.isLive) return;
    this.#result = deferred();
    this.cancelReason = undefined;
    this.lost = undefined;
    this.log.reopen();
    this.endpoints.open();
    this.#standing.enter(this.epoch + 1, { type: "restarted" });
  }

  /** The body of an epoch is about to be entered. */
  entered(living: Living): void {
    this.reopen();
    this.living = living;
    this.agents.clear();
    this.children.clear();
    for (const message of this.#early.splice(0)) living.deliver(message);
  }

  /** The epoch counts as started. */
  started(): void {
    if (this.state === "starting") this.#standing.move({ type: "entered" });
  }

  stopping(): void {
    if (this.state === "starting" || this.state === "running")
      this.#standing.move({ type: "stop-requested" });
  }

  /** Append the terminal event; the result settles when that is on the disk. Once an epoch, however often it is told. */
  ended(ending: Ending): void {
    if (!this.#standing.isLive) return;
    for (const child of this.children.values())
      child.ended({ reason: { type: "shutdown", cause: "parent" } });
    const terminal = terminalOf(this, ending);
    this.thrown = ending.thrown;
    this.living = undefined;
    this.service = undefined;
    this.#early.length = 0;
    this.log.append(terminal.type, terminal.data, { epoch: this.epoch });
    const kept = this.run.synced();
    this.#standing.move({ type: `ended-${terminal.type}` }, whyOf(terminal));
    const result = this.#result;
    const error = terminal.type === "done" ? undefined : errorOf(this, ending);
    void kept.then(() => {
      if (terminal.type === "done") result.resolve(terminal.data.result);
      else result.reject(error);
    });
    for (const listener of [...this.#onEnd]) listener(terminal, ending);
    if (this.#restarting) this.reopen();
  }

  /**
   * Take in that nothing starts it again by itself: an epoch that never ended has ended, and calls of its
   * endpoints are told how. Not while somebody restarts it by hand.
   */
  gone(ending: Ending): void {
    if (this.#restarting) return;
    this.ended(ending);
    const how = `the process has ended (${this.#standing.summary ?? this.state})`;
    if (this.#exposesItself) this.endpoints.close(how);
  }

  /** Restart it by hand. A reader of the end of this epoch reads on in the next, from the moment of this call. */
  async restart(again: () => Promise<void>): Promise<void> {
    this.#restarting = true;
    if (!this.#standing.isLive) this.reopen();
    try {
      await again();
      this.#restarting = false;
    } catch (error) {
      this.#restarting = false;
      this.gone({ reason: { type: "shutdown", cause: "parent" } });
      throw error;
    }
  }

  /** Take in what status is to tell of the process: JSON values, beside those known. */
  learn(facts: Readonly<Record<string, unknown>>): void {
    this.#facts = { ...this.#facts, ...facts };
    this.#standing.report();
  }

  /** Append an event of the process's own. `isolated`: the data is a copy already. */
  emit(type: string, data: unknown, options?: Pick<AppendOptions, "isolated">): void {
    this.log.append(type, data, { epoch: this.epoch, ...options });
  }

  /** Put a message into its mailbox; before its body is entered the message waits. False when it has ended. */
  deliver(message: unknown): boolean {
    const isTaken = this.#take(message);
    if (isTaken) this.run.note({ type: "message-received", path: this.path, data: { message } });
    return isTaken;
  }

  #take(message: unknown): boolean {
    if (this.living !== undefined) return this.living.deliver(message);
    if (!this.#standing.isLive || this.#early.length >= maxEarly) return false;
    this.#early.push(message);
    return true;
  }

  /** Give the process as others reach it by its path. */
  addressee(): Addressee {
    const { contract } = this.definition.options;
    const deliver = (message: unknown): boolean =>
      this.deliver(checkSent(this.path, contract, message));
    return {
      kind: "process",
      path: this.path,
      deliver,
      send: async (message) => {
        if (!deliver(message)) throw new NoProcError(this.path);
        return { receives: this.living?.receives() };
      },
      endpoints: () => this.endpoints.list(),
      call: (name, args, options) => this.endpoints.call(name, args, options),
    };
  }

  /** Forget the process: its name is free again. */
  forget(): void {
    this.run.registry.send({ type: "removed", path: this.path });
    this.run.directory.delete(this.path);
  }
}

function whyOf(terminal: Terminal): string | undefined {
  if (terminal.type === "done") return undefined;
  return terminal.type === "failed" ? terminal.data.message : terminal.data.reason;
}
