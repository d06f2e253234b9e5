import { MisuseError } from "../../errors.ts";
import { agentMember, type Member, machineMember } from "../agents/index.ts";
import type { ContractShape } from "../endpoints/index.ts";
import {
  childPolicy,
  forgetProcess,
  nameTaken,
  type ProcessDefinition,
  type ProcessHandle,
  type ProcessRecord,
  type ProcessScope,
  prepareProcess,
  type StartedMachine,
  startRule,
} from "../process/index.ts";
import { bubble, type Supervision } from "../supervision/index.ts";
import {
  type AnyChild,
  definitionOfChild,
  type LiveChild,
  type SupervisedAgent,
  type SupervisedChild,
  type SupervisedMachine,
} from "./supervised-child.ts";

/** The result of a supervisor that is done: the results of its children, by their ids. */
export type SupervisorResult = Readonly<Record<string, unknown>>;

/** A child as its supervisor keeps it. */
type Kept = Member<unknown> & { readonly child: AnyChild; readonly home?: StartedMachine };

/** The children of one epoch of a supervisor process. */
export class Administration {
  /** The results of the children that are done, by id. */
  readonly results: Record<string, unknown> = {};
  readonly #scope: ProcessScope;
  readonly #handleOf: (record: ProcessRecord) => ProcessHandle;
  readonly #kept = new Map<string, Kept>();

  /** `handleOf` makes the handles of children that are processes. */
  constructor(scope: ProcessScope, handleOf: (record: ProcessRecord) => ProcessHandle) {
    this.#scope = scope;
    scope.record.service = this;
    this.#handleOf = handleOf;
  }

  /** Start these in order, each when the one before counts as started. */
  async startAll(children: readonly AnyChild[]): Promise<void> {
    const kept: Kept[] = [];
    for (const child of children) kept.push(await this.#keep(child));
    await this.#scope.supervision.startAll(kept.flatMap(({ specs }) => specs));
    for (const one of kept) one.started();
  }

  async startChild(child: AnyChild): Promise<unknown> {
    const { supervision, record } = this.#scope;
    if (supervision.child(child.id) !== undefined) throw nameTaken(`${record.path}/${child.id}`);
    await this.#forget(child.id);
    try {
      const kept = await this.#keep(child);
      for (const spec of kept.specs) await supervision.startChild(spec);
      kept.started();
      return kept.live();
    } catch (error) {
      await this.#forget(child.id);
      throw error;
    }
  }

  async deleteChild(id: string): Promise<void> {
    await this.supervision.deleteChild(id);
    await this.#forget(id);
  }

  /** The supervision that does the verbs which need no more than an id. */
  get supervision(): Supervision {
    return this.#scope.supervision;
  }

  /** Find what stands for a child that has been started, by its id or its description. */
  live(child: string | AnyChild): unknown {
    const id = typeof child === "string" ? child : child.id;
    const kept = this.#kept.get(id);
    if (kept === undefined || this.#scope.supervision.child(id) === undefined) return undefined;
    return child === id || child === kept.child ? kept.live() : undefined;
  }

  #sibling = <Child extends AnyChild>(child: Child): LiveChild<Child> => {
    const found = this.live(child);
    if (found !== undefined) return found as LiveChild<Child>;
    throw this.#noSibling(child);
  };

  #noSibling({ id }: AnyChild): MisuseError {
    return new MisuseError(
      "no-sibling",
      `${this.#scope.record.path}: ${id} is no child that was started before; put it further up in \`children\`, and pass what child() gave.`,
    );
  }

  async #keep(child: AnyChild): Promise<Kept> {
    const member = await this.#prepare(child);
    const kept = { ...member, child };
    this.#kept.set(child.id, kept);
    return kept;
  }

  async #forget(id: string): Promise<void> {
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    await kept?.forget();
  }

  #prepare(child: AnyChild): Promise<Member<unknown>> | Member<unknown> {
    switch (child.kind) {
      case "machine":
        return machineMember(this.#scope, { ...child.options, name: child.id });
      case "agent":
        return this.#prepareAgent(child);
      default:
        return this.#prepareProcess(child);
    }
  }

  async #prepareAgent({ id, options }: SupervisedAgent): Promise<Member<unknown>> {
    const { machine, ...rest } = options;
    if (!isDescribed(machine)) return await agentMember(this.#scope, id, { ...rest, machine });
    const kept = this.#kept.get(machine.id);
    if (kept?.home === undefined || kept.child !== machine) throw this.#noSibling(machine);
    return await agentMember(this.#scope, id, rest, kept.home);
  }

  #prepareProcess(child: SupervisedChild<unknown, ContractShape>): Member<unknown> {
    const described = definitionOfChild(child);
    const { id, args, policy } = child;
    const { maxRestarts, withinMs, maxConsecutive } = policy;
    const own = { maxRestarts, withinMs, maxConsecutive };
    const counted = Object.values(own).some((limit) => limit !== undefined);
    const [definition, given] = this.#definition(described, args);
    const { record, spec } = prepareProcess(this.#scope, definition, given, {
      restart: "transient",
      ...childPolicy(policy, {}),
      // Without limits of its own its restarts count in the supervisor's window, as Erlang's do.
      intensity: counted ? own : undefined,
      id,
      start: startRule(policy),
    });
    bubble(record.log, this.#scope.record.log, id);
    record.onEnd((terminal) => {
      if (terminal.type === "done") this.results[id] = terminal.data.result;
    });
    return {
      specs: [spec],
      live: () => this.#handleOf(record),
      started: () => {},
      forget: async () => forgetProcess(this.#scope, id),
    };
  }

  /** Arguments that a function makes are made by the body of each epoch: siblings may be new ones by then. */
  #definition(
    definition: ProcessDefinition,
    args: SupervisedChild["args"],
  ): readonly [ProcessDefinition, readonly unknown[]] {
    if (typeof args !== "function") return [definition, args];
    const body = () => definition.body(...args(this.#sibling));
    return [{ ...definition, body }, []];
  }
}

function isDescribed(machine: object | undefined): machine is SupervisedMachine {
  return (
    machine !== undefined && "kind" in machine && machine.kind === "machine" && "id" in machine
  );
}
