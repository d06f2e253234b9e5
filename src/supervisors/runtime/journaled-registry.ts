import type { JournalRecord } from "../../actors/journal/index.ts";
import type {
  CallOptions,
  Exit,
  ExitReason,
  Monitor,
  Ref,
  Reply,
  StopOptions,
} from "../../actors/kernel/index.ts";
import type { RegistryMessage, RegistryNode } from "../../actors/registry/index.ts";

/** The sums of a whole run; what was removed from the tree stays in them. */
export interface RunTotals {
  /** Agents that were started, restarts not counted. */
  readonly agents: number;
  /** The cost of their models so far, in US dollars, as far as their harnesses tell. */
  readonly cost: number;
}

/** The run's registry, as all tell it what they have become: each word is in the journal before the registry has it. */
export class JournaledRegistry implements Ref<RegistryMessage> {
  readonly #registry: Ref<RegistryMessage>;
  readonly #note: (record: JournalRecord) => void;
  /** The cost of each agent in the tree, as it told last. */
  readonly #costs = new Map<string, number>();
  totals: RunTotals = { agents: 0, cost: 0 };

  constructor(registry: Ref<RegistryMessage>, note: (record: JournalRecord) => void) {
    this.#registry = registry;
    this.#note = note;
  }

  get path(): string {
    return this.#registry.path;
  }

  get pid(): number {
    return this.#registry.pid;
  }

  get epoch(): number {
    return this.#registry.epoch;
  }

  get started(): Promise<boolean> {
    return this.#registry.started;
  }

  get exited(): Promise<ExitReason> {
    return this.#registry.exited;
  }

  send(message: RegistryMessage): boolean {
    const record = recordOf(message);
    if (record) this.#note(record);
    this.#keepTotals(message);
    return this.#registry.send(message);
  }

  call<Value>(
    make: (reply: Reply<Value>) => RegistryMessage,
    options?: CallOptions,
  ): Promise<Value>;
  call(message: RegistryMessage, options?: CallOptions): Promise<unknown>;
  call(
    what: RegistryMessage | ((reply: Reply<unknown>) => RegistryMessage),
    options?: CallOptions,
  ): Promise<unknown> {
    return typeof what === "function"
      ? this.#registry.call(what, options)
      : this.#registry.call(what, options);
  }

  #keepTotals(message: RegistryMessage): void {
    if (message.type === "changed" && message.node.kind === "agent") this.#count(message.node);
    if (message.type === "removed") this.#leave(message.path);
  }

  #count({ path, facts }: RegistryNode): void {
    const known = this.#costs.get(path);
    const cost = typeof facts?.cost === "number" ? facts.cost : 0;
    this.#costs.set(path, cost);
    const { totals } = this;
    this.totals = {
      agents: totals.agents + (known === undefined ? 1 : 0),
      cost: totals.cost + Math.max(0, cost - (known ?? 0)),
    };
  }

  #leave(path: string): void {
    for (const each of this.#costs.keys()) {
      if (each === path || each.startsWith(`${path}/`)) this.#costs.delete(each);
    }
  }

  monitor(down: (exit: Exit) => void): Monitor {
    return this.#registry.monitor(down);
  }

  stop(reason?: ExitReason, options?: StopOptions): Promise<ExitReason> {
    return this.#registry.stop(reason, options);
  }

  kill(): Promise<ExitReason> {
    return this.#registry.kill();
  }
}

function recordOf(message: RegistryMessage): JournalRecord | undefined {
  switch (message.type) {
    case "changed": {
      const { path, kind, epoch } = message.node;
      return { type: `${kind}-state`, path, epoch, data: message.node };
    }
    case "removed":
      return { type: "node-removed", path: message.path };
    case "connected":
    case "disconnected": {
      const { type, connection } = message;
      return { type, path: connection.from, data: connection };
    }
    case "snapshot":
    case "watch":
    case "unwatch":
      return undefined;
    default:
      return message satisfies never;
  }
}
