import type { ContractShape } from "../endpoints/index.ts";
import {
  childPolicy,
  forgetProcess,
  nameTaken,
  type PreparedChild,
  type ProcessRecord,
  type ProcessScope,
  prepareProcess,
  startRule,
} from "../process/index.ts";
import { bubble, type Supervision } from "../supervision/index.ts";
import { definitionOfChild, type SupervisedChild } from "./supervised-child.ts";

type AnyChild = SupervisedChild<unknown, ContractShape>;

/** The children of one epoch of a supervisor process. */
export class Administration {
  /** The results of the children that are done, by id. */
  readonly results: Record<string, unknown> = {};
  readonly #scope: ProcessScope;

  constructor(scope: ProcessScope) {
    this.#scope = scope;
    scope.record.service = this;
  }

  /** Start these in order, each when the one before counts as started. */
  async startAll(children: readonly AnyChild[]): Promise<void> {
    const prepared = children.map((child) => this.#prepare(child));
    await this.#scope.supervision.startAll(prepared.map(({ spec }) => spec));
  }

  async startChild(child: AnyChild): Promise<ProcessRecord> {
    const { supervision, record: own } = this.#scope;
    if (supervision.child(child.id) !== undefined) {
      throw nameTaken(`${own.path}/${child.id}`);
    }
    forgetProcess(this.#scope, child.id);
    const { record, spec } = this.#prepare(child);
    try {
      await supervision.startChild(spec);
      return record;
    } catch (error) {
      forgetProcess(this.#scope, child.id);
      throw error;
    }
  }

  async deleteChild(id: string): Promise<void> {
    await this.supervision.deleteChild(id);
    forgetProcess(this.#scope, id);
  }

  /** The supervision that does the verbs which need no more than an id. */
  get supervision(): Supervision {
    return this.#scope.supervision;
  }

  #prepare(child: AnyChild): PreparedChild {
    const definition = definitionOfChild(child);
    const { id, args, policy } = child;
    const { maxRestarts, withinMs, maxConsecutive } = policy;
    const own = { maxRestarts, withinMs, maxConsecutive };
    const counted = Object.values(own).some((limit) => limit !== undefined);
    const prepared = prepareProcess(this.#scope, definition, args, {
      restart: "transient",
      ...childPolicy(policy, {}),
      // Without limits of its own its restarts count in the supervisor's window, as Erlang's do.
      intensity: counted ? own : undefined,
      id,
      start: startRule(policy),
    });
    const { record } = prepared;
    bubble(record.log, this.#scope.record.log, id);
    record.onEnd((terminal) => {
      if (terminal.type === "done") this.results[id] = terminal.data.result;
    });
    return prepared;
  }
}
