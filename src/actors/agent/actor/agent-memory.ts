import type { Clock } from "../../clock.ts";
import {
  createEventLog,
  type EventLog,
  type LogArchive,
  type LogEvent,
} from "../../events/index.ts";
import type { ErrorExit, ExitReason, Ref } from "../../kernel/index.ts";
import { Lives, type RegistryMessage } from "../../registry/index.ts";
import { AgentEndedError } from "../errors.ts";
import {
  type Call,
  type CallRequest,
  createToolTable,
  type ToolResult,
  type ToolTable,
} from "../tools/index.ts";
import type { Conversation, Launched } from "../wire/index.ts";
import type { AgentMessage } from "./agent-message.ts";
import { type AgentEvent, type AgentState, agentChart } from "./lifecycle.ts";
import { createOutbox, type EntrySnapshot, type Outbox } from "./outbox.ts";

/** The facts about an agent that a status shows. */
export interface AgentFacts {
  readonly harness?: string | undefined;
  readonly machine?: string | undefined;
  readonly model?: string | undefined;
  readonly session?: string | undefined;
  /** Turns that have ended, in all incarnations. */
  readonly turns: number;
  /** The cost of its models so far, in US dollars; absent where its harness does not tell. */
  readonly cost?: number | undefined;
  /** The tool of the agent that runs now. */
  readonly tool?: string | undefined;
  /** The arguments of that tool's call, in words. */
  readonly input?: string | undefined;
  /** True when that tool is the program's: the agent waits for the result of its handler. */
  readonly asks?: boolean | undefined;
}

/** The facts of an agent of which no tool runs. */
export const noTool: Partial<AgentFacts> = { tool: undefined, input: undefined, asks: undefined };

export interface AgentMemoryOptions {
  readonly clock: Clock;
  readonly path: string;
  /** The actor to tell of each change of state and facts. Default: none. */
  readonly registry?: Ref<RegistryMessage> | undefined;
  /** Keeps a message for good before `send` resolves. Default: it is kept in memory only. */
  readonly persist?: ((entry: EntrySnapshot) => Promise<void>) | undefined;
  /** Keeps its events. Default: those in memory are all there are. */
  readonly archive?: LogArchive<LogEvent> | undefined;
  /** Resolves when the archive has stored for good what was emitted. The result of a tool is stored before the agent gets it. Must not reject. Default: at once. */
  readonly synced?: (() => Promise<void>) | undefined;
  /** Called at each step of each message. Default: nobody. */
  readonly onDelivery?: ((entry: EntrySnapshot) => void) | undefined;
  /** The number of events in memory. Default: 256 beside an archive, else 10,000. */
  readonly maxEvents?: number | undefined;
  /** Makes the ids of messages. Default: random ones. */
  readonly newId?: (() => string) | undefined;
}

/** Make the memory of one agent, which outlives its incarnations. */
export function createAgentMemory(options: AgentMemoryOptions): AgentMemory {
  return new AgentMemory(options);
}

/** The number of launches with the same session that may fail before a fresh one begins. */
const maxFailedResumes = 3;

/** The messages, tools, events and state of one agent. Written by its living incarnation alone. */
export class AgentMemory {
  readonly path: string;
  readonly outbox: Outbox;
  readonly tools: ToolTable;
  readonly events: EventLog;
  /** The state of the agent over all its incarnations, as the registry is told. */
  readonly standing: Lives<AgentState, AgentEvent>;
  /** Calls of its tools that the model waits for, by id. */
  readonly openCalls = new Map<string, Call>();
  /** The conversation, as the last hello named it. */
  conversation: Conversation | undefined;
  /** True while a turn runs, as far as is known. */
  busy = false;
  /** The number of launches in a row that should have resumed the session and failed. */
  failedResumes = 0;
  /** The number of restarts in a row that came from work without progress. */
  stuckRestarts = 0;
  /** The pane of an incarnation that crashed, for the next incarnation to use again. */
  leftover: Launched | undefined;
  readonly #options: AgentMemoryOptions;
  readonly #work = new Set<Promise<unknown>>();
  #self: Ref<AgentMessage> | undefined;
  #facts: AgentFacts = { turns: 0 };
  #why: string | undefined;
  #hasExited = false;

  constructor(options: AgentMemoryOptions) {
    const { clock, path, archive } = options;
    const isKept = archive !== undefined;
    const { maxEvents = isKept ? 256 : 10_000 } = options;
    const maxBytes = (isKept ? 4 : 64) * 1_048_576;
    this.path = path;
    this.#options = options;
    this.standing = new Lives(agentChart, {
      path,
      clock,
      registry: options.registry,
      describe: () => ({ facts: { ...this.#facts } }),
    });
    this.events = createEventLog({ clock, path, max: maxEvents, maxBytes, archive });
    this.tools = createToolTable({
      clock,
      path,
      persist: (call, result) => this.#returned(call, result),
      onChange: () => this.#tell("tools-changed"),
    });
    this.outbox = createOutbox({
      path,
      newId: options.newId,
      persist: options.persist,
      onChange: options.onDelivery,
      onReady: () => this.#tell("deliver"),
    });
  }

  get state(): AgentState {
    return this.standing.state;
  }

  get facts(): AgentFacts {
    return this.#facts;
  }

  /** The conversation that the next incarnation continues; undefined: it begins a fresh one. */
  get resume(): Conversation | undefined {
    return this.failedResumes < maxFailedResumes ? this.conversation : undefined;
  }

  /** Track work that may outlive a kill. The next incarnation starts after the work settles. */
  occupied<Value>(work: Promise<Value>): Promise<Value> {
    const over = () => this.#work.delete(settled);
    const settled: Promise<unknown> = work.then(over, over);
    this.#work.add(settled);
    return work;
  }

  /** Resolves when no work of an earlier incarnation is under way. Never rejects. */
  async vacated(): Promise<void> {
    await Promise.all(this.#work);
  }

  /** Begin an incarnation. */
  begin(self: Ref<AgentMessage>, epoch: number): void {
    const before = this.standing.epoch;
    this.#self = self;
    if (this.events.ended && before > 0) this.#reopen(epoch);
    this.standing.enter(epoch, { type: "restarted" });
    if (before > 0) this.events.append("restarting", { epoch }, { epoch: before });
    this.#why = undefined;
    this.#hasExited = false;
  }

  /** Take in that the incarnation of this epoch crashes. */
  crashing(epoch: number, reason: ErrorExit): void {
    if (!this.standing.isCurrent(epoch)) return;
    // A status has one line for it; the event `exited` tells the last words of a terminal, too.
    this.#why = reason.message.split("\n", 1)[0];
    this.exited(reason);
  }

  /** Take in that the living incarnation ends for this reason. */
  exited(reason: ExitReason): void {
    if (!this.#hasExited) this.emit("exited", reason);
    this.#hasExited = true;
  }

  /** Take in that an incarnation is over and its resources are released. A next one may follow. */
  leave(): void {
    this.#self = undefined;
    this.#facts = { ...this.#facts, ...noTool };
    const isStopping = this.state === "stopping";
    this.exited(isStopping ? { type: "shutdown", cause: "api" } : { type: "killed", by: "api" });
    this.standing.left(this.#why);
  }

  /** Add to the facts about the agent, and report them. */
  learn(facts: Partial<AgentFacts>): void {
    this.#facts = { ...this.#facts, ...facts };
    this.standing.report();
  }

  /** Append to the agent's events. */
  emit(type: string, data?: unknown): void {
    this.events.append(type, data, { epoch: Math.max(1, this.standing.epoch) });
  }

  /**
   * End the memory: no other incarnation follows. Receipts that wait reject, running handlers are
   * aborted, and the pane of the last incarnation is removed. Call it when the last incarnation has
   * ended; an agent that waits for a restart goes to the state `as`, by default `failed`.
   */
  async end(why: string, as: "stopped" | "failed" = "failed"): Promise<void> {
    this.standing.end(why, as);
    const { leftover } = this;
    this.leftover = undefined;
    this.outbox.end(new AgentEndedError(this.path, why));
    this.tools.end(`The agent has ended: ${why}.`);
    this.openCalls.clear();
    this.events.end();
    await leftover?.stop();
  }

  #reopen(epoch: number): void {
    this.events.reopen(epoch);
    this.outbox.reopen();
    this.tools.reopen();
  }

  async #returned({ id, tool }: CallRequest, result: ToolResult): Promise<void> {
    this.emit("tool-returned", { id, tool, ...result });
    await this.#options.synced?.();
  }

  #tell(type: "deliver" | "tools-changed"): void {
    this.#self?.send({ type });
  }
}
