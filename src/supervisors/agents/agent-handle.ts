import {
  type AgentMessage,
  type AgentState,
  checkDeliver,
  type Receipt,
} from "../../actors/agent/actor/index.ts";
import { defineTool, type ToolHandler, type ToolOptions } from "../../actors/agent/tools/index.ts";
import type { Ref } from "../../actors/kernel/index.ts";
import type { ExecOptions, ExecResult, Machine } from "../../machines/machine.ts";
import { checkOptions } from "../../options.ts";
import type { ProcessEvents } from "../endpoints/index.ts";
import {
  type Agent,
  currentScope,
  enter,
  eventsOf,
  orStopped,
  runningSignal,
  type SendOptions,
} from "../process/index.ts";
import type { AgentEntry } from "./agent-entry.ts";

/** The ways from an agent's handle to the agent's actor. */
export interface AgentControl {
  address(): Ref<AgentMessage>;
  restart(): Promise<void>;
  stop(): Promise<void>;
  fork(name: string): Promise<Agent>;
}

/** The `Agent` that a program holds. */
export class AgentHandle implements Agent {
  readonly #entry: AgentEntry;
  readonly #control: AgentControl;
  readonly events: ProcessEvents;

  constructor(entry: AgentEntry, control: AgentControl) {
    this.#entry = entry;
    this.#control = control;
    this.events = eventsOf(entry.memory.events);
  }

  get name(): string {
    return this.#entry.name;
  }

  get path(): string {
    return this.#entry.memory.path;
  }

  get state(): AgentState {
    return this.#entry.memory.state;
  }

  get machine(): Machine {
    return this.#entry.machine;
  }

  on<Input>(tool: string, options: ToolOptions<Input>, handler: ToolHandler<Input>): this {
    const scope = currentScope("agent.on");
    const inScope: ToolHandler<Input> = (args, call) => enter(scope, () => handler(args, call));
    scope.context.own(this.#entry.memory.tools.add(defineTool(tool, options, inScope)));
    return this;
  }

  async send(message: string, options: SendOptions = {}): Promise<Receipt> {
    checkOptions<SendOptions>("agent.send()", options, { deliver: "any" });
    const { deliver = "follow-up" } = options;
    checkDeliver(this.path, deliver);
    const receipt = await this.#entry.memory.outbox.enqueue(message, deliver);
    return {
      id: receipt.id,
      delivered: () => orStopped(receipt.delivered(), `delivered() of a message to ${this.path}`),
      turn: () => orStopped(receipt.turn(), `turn() of ${this.path}`),
    };
  }

  exec(command: string | readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.#entry.machine.exec(command, { signal: runningSignal(), ...options });
  }

  async interrupt(): Promise<void> {
    this.#control.address().send({ type: "interrupt" });
  }

  restart(): Promise<void> {
    return this.#control.restart();
  }

  stop(): Promise<void> {
    return this.#control.stop();
  }

  fork(name: string): Promise<Agent> {
    return this.#control.fork(name);
  }
}
