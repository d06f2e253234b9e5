import type { AgentMemory } from "../../actors/agent/actor/index.ts";
import { errorExit, isClean } from "../../actors/kernel/index.ts";
import type { Machine } from "../../machines/machine.ts";
import {
  type Agent,
  type AgentRecord,
  agentRecordOf,
  type ProcessScope,
  type StartedMachine,
} from "../process/index.ts";
import type { ChildGone, GoneWhy } from "../supervision/index.ts";
import { incomingTools, outgoingTools } from "./connection-tools.ts";
import { Contacts } from "./contacts.ts";
import type { NudgeOptions } from "./nudge.ts";
import { RestWatch } from "./rest-watch.ts";
import { askersLook, type Peer } from "./route.ts";

export interface AgentEntryParts {
  readonly name: string;
  readonly memory: AgentMemory;
  readonly home: StartedMachine;
  /** Default: the agent is not reminded. */
  readonly nudge?: NudgeOptions | undefined;
  /** Looks, a moment later, which agents of the process are idle. */
  readonly lookAtRest: () => void;
}

/** Find the entry of an agent. Throws TypeError for anything that `agent()` did not give. */
export function entryOf(agent: Agent): AgentEntry {
  const record = agentRecordOf(agent);
  if (record instanceof AgentEntry) return record;
  throw new TypeError("This is no agent of a run; pass what agent() gave.");
}

type End = readonly [why: string, as: "stopped" | "failed" | "by-reason"];

/** The text of an agent's end, and the state it leaves the agent in. */
const ends: Readonly<Record<GoneWhy, End>> = {
  "not-started": ["it did not start", "failed"],
  ignored: ["it did not start", "failed"],
  ended: ["it ended, and its policy does not restart it", "by-reason"],
  "with-group": ["it ended, and its policy does not restart it", "by-reason"],
  terminated: ["it was stopped", "stopped"],
  "gave-up": ["it failed more often than its policy allows", "failed"],
  "owner-ended": ["its process ended", "stopped"],
};

/** The entry of an agent in its process, across the agent's restarts. */
export class AgentEntry implements AgentRecord, Peer {
  readonly name: string;
  readonly memory: AgentMemory;
  /** The machine that the agent lives on. */
  readonly home: StartedMachine;
  /** Watches for the agent to become idle, and reminds it. */
  readonly rest: RestWatch;
  readonly outgoing: Contacts = new Contacts(this, outgoingTools);
  readonly incoming: Contacts = new Contacts(this, incomingTools);
  readonly #scope: ProcessScope;
  readonly #lookAtRest: () => void;
  #word: string | undefined;
  #stopsBecause: string | undefined;
  #isClosing = false;

  constructor(scope: ProcessScope, parts: AgentEntryParts) {
    this.#scope = scope;
    this.name = parts.name;
    this.memory = parts.memory;
    this.home = parts.home;
    this.#lookAtRest = parts.lookAtRest;
    this.rest = new RestWatch(this, { clock: scope.run.clock, nudge: parts.nudge });
    scope.context.own(this.memory.events.subscribe((event) => this.#happened(event)));
  }

  get word(): string {
    this.#word ??= this.#scope.run.newAgentWord(this.memory.path);
    return this.#word;
  }

  get machine(): Machine {
    return this.home.machine;
  }

  get isAtRest(): boolean {
    const { state, outbox } = this.memory;
    return this.hasEnded || (state === "idle" && outbox.waiting.length === 0);
  }

  get hasEnded(): boolean {
    const { state } = this.memory;
    return state === "stopped" || state === "failed";
  }

  get isLeaving(): boolean {
    return this.#isClosing || this.hasEnded || this.#scope.signal.aborted || this.#scope.closed;
  }

  lookAtRest(): void {
    this.#lookAtRest();
  }

  /** Say why the agent ends when it is terminated next. Default: it was stopped. */
  stopsBecause(why: string): void {
    this.#stopsBecause = why;
  }

  /** Take in that the agent does not run, and that only a restart by hand would start it again. Never rejects. */
  async gone({ why, reason }: ChildGone): Promise<void> {
    const because = why === "terminated" ? this.#stopsBecause : undefined;
    this.#stopsBecause = undefined;
    const [text, as] = ends[why];
    const outcome = as === "by-reason" ? (isClean(reason) ? "stopped" : "failed") : as;
    await this.close(because ?? text, outcome).catch((error: unknown) => {
      // The end of the run sweeps what could not be removed now.
      const data = { message: errorExit(error).message };
      this.#scope.run.note({ type: "not-removed", path: this.memory.path, data });
    });
  }

  /**
   * Close the entry of an agent that has ended and is not started again by itself.
   *
   * Its connections end, receipts that wait reject, loops over its events end, and nobody counts on it
   * any more. Rejects when what the agent left on its machine could not be removed.
   */
  async close(why: string, as: "stopped" | "failed"): Promise<void> {
    this.#isClosing = true;
    try {
      for (const route of [...this.outgoing.all, ...this.incoming.all]) route.close();
      await this.memory.end(why, as);
    } finally {
      this.#isClosing = false;
      this.rest.ended();
      this.#rested();
    }
  }

  #happened({ type, data }: { readonly type: string; readonly data: unknown }): void {
    this.rest.happened(type, data);
    if (type === "idle") this.#rested();
  }

  #rested(): void {
    this.#lookAtRest();
    askersLook(this);
  }
}
