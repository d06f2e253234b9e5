import { createEventLog, type EventLog } from "../../actors/events/index.ts";
import { NoProcError } from "../../actors/kernel/index.ts";
import { type Deferred, deferred } from "../../actors/wait.ts";
import { checkMessage, EndpointTable } from "../endpoints/index.ts";
import type { Agent } from "./agent.ts";
import type { ProcessDefinition } from "./definition.ts";
import { type Ending, errorOf, type Terminal, terminalOf } from "./ending.ts";
import { hasEnded, next, type ProcessEvent, type ProcessState } from "./lifecycle.ts";
import type { Addressee, Run } from "./run.ts";

/** How the one who started a process ends it or starts it again. */
export interface ProcessControl {
  cancel(): Promise<void>;
  restart(): Promise<void>;
}

/** How many messages wait for a process that is being started (design, section 4). */
const maxEarly = 1_000;

/** How many events of a process stay in memory; who reads from further back gets a `gap` event instead. */
const maxEvents = 10_000;

/** The epoch of a process that runs. */
export interface Living {
  /** Put a message into its mailbox; false when it has ended. */
  deliver(message: unknown): boolean;
  /** What its code waits for, in words. */
  waits(): readonly string[];
}

/** What of a process outlives its epochs: path, events, result, agents, endpoints. */
export class ProcessRecord {
  readonly log: EventLog;
  readonly agents: Map<string, Agent>;
  readonly endpoints: EndpointTable;
  /** The processes that it started, in start order. */
  readonly children: Map<string, ProcessRecord> = new Map();
  /** The epoch that runs. */
  living: Living | undefined;
  control: ProcessControl | undefined;
  cancelReason: string | undefined;
  /** The child that its supervision gave up on. */
  lost: Error | undefined;
  /** What the last epoch that failed threw. */
  thrown: unknown;
  readonly #onEnd = new Set<(terminal: Terminal, ending: Ending) => void>();
  /** What was sent before the body was entered. */
  readonly #early: unknown[] = [];
  #state: ProcessState = "starting";
  /** Why the last epoch was no success. */
  #why: string | undefined;
  #since: number;
  #epoch = 1;
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
    this.#since = run.clock.wallNow();
    this.#report();
  }

  get name(): string {
    return this.path.slice(this.path.lastIndexOf("/") + 1);
  }

  get state(): ProcessState {
    return this.#state;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** What the epoch current now will give. Rejects with what it failed with. */
  result(): Promise<unknown> {
    return this.#result.promise;
  }

  /** Hear of the end of every epoch from now on. Returns how to stop hearing. */
  onEnd(listener: (terminal: Terminal, ending: Ending) => void): () => void {
    this.#onEnd.add(listener);
    return () => this.#onEnd.delete(listener);
  }

  /** Begin the next epoch: who has read the last one's end reads on. Idempotent until that epoch ends. */
  reopen(): void {
    if (!hasEnded(this.#state)) return;
    this.#epoch += 1;
    this.#result = deferred();
    this.cancelReason = undefined;
    this.lost = undefined;
    this.#why = undefined;
    this.log.reopen();
    this.move({ type: "restarted" });
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
    if (this.#state === "starting") this.move({ type: "entered" });
  }

  stopping(): void {
    if (this.#state === "starting" || this.#state === "running")
      this.move({ type: "stop-requested" });
  }

  /** Append the terminal event; the result settles when that is on the disk. Once an epoch, however often it is told. */
  ended(ending: Ending): void {
    if (hasEnded(this.#state)) return;
    for (const child of this.children.values())
      child.ended({ reason: { type: "shutdown", cause: "parent" } });
    const terminal = terminalOf(this, ending);
    this.thrown = ending.thrown;
    this.#why = whyOf(terminal);
    this.living = undefined;
    this.#early.length = 0;
    this.log.append(terminal.type, terminal.data, { epoch: this.#epoch });
    const kept = this.run.synced();
    this.move({ type: `ended-${terminal.type}` });
    const result = this.#result;
    const error = terminal.type === "done" ? undefined : errorOf(this, ending);
    void kept.then(() => {
      if (terminal.type === "done") result.resolve(terminal.data.result);
      else result.reject(error);
    });
    for (const listener of [...this.#onEnd]) listener(terminal, ending);
  }

  emit(type: string, data: unknown): void {
    this.log.append(type, data, { epoch: this.#epoch });
  }

  move(event: ProcessEvent): void {
    this.#state = next(this.#state, event);
    this.#since = this.run.clock.wallNow();
    this.#report();
  }

  /** Put a message into its mailbox; before its body is entered the message waits. False when it has ended. */
  deliver(message: unknown): boolean {
    const isTaken = this.#take(message);
    if (isTaken) this.run.note({ type: "message-received", path: this.path, data: { message } });
    return isTaken;
  }

  #take(message: unknown): boolean {
    if (this.living !== undefined) return this.living.deliver(message);
    if (hasEnded(this.#state) || this.#early.length >= maxEarly) return false;
    this.#early.push(message);
    return true;
  }

  /** What can be asked of it by its path. */
  addressee(): Addressee {
    const { contract } = this.definition.options;
    const deliver = (message: unknown): boolean =>
      this.deliver(checkMessage(this.path, contract, message));
    return {
      kind: "process",
      path: this.path,
      deliver,
      send: async (message) => {
        if (!deliver(message)) throw new NoProcError(this.path);
        return {};
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

  #report(): void {
    const { summary } = this.definition.options;
    const node = {
      path: this.path,
      kind: "process",
      state: this.#state,
      epoch: this.#epoch,
      since: this.#since,
      restarts: this.#epoch - 1,
      summary: this.#why ?? summary,
    };
    this.run.registry.send({ type: "changed", node });
  }
}

function whyOf(terminal: Terminal): string | undefined {
  if (terminal.type === "done") return undefined;
  return terminal.type === "failed" ? terminal.data.message : terminal.data.reason;
}
