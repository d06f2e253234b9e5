import {
  type AgentMemory,
  type AgentMessage,
  type AgentState,
  checkDeliver,
  type Receipt,
} from "../../actors/agent/actor/index.ts";
import { defineTool, type ToolHandler, type ToolOptions } from "../../actors/agent/tools/index.ts";
import type { Ref } from "../../actors/kernel/index.ts";
import type { ExecOptions, ExecResult, Machine } from "../../machines/machine.ts";
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
import { disconnectAgent } from "./connections.ts";

/** What an agent's handle acts on. */
export interface AgentParts {
  readonly name: string;
  readonly machine: Machine;
  readonly memory: AgentMemory;
  readonly address: Ref<AgentMessage>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The `Agent` that a program holds. */
export class AgentHandle implements Agent {
  readonly #parts: AgentParts;
  readonly events: ProcessEvents;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.events = eventsOf(parts.memory.events);
  }

  get name(): string {
    return this.#parts.name;
  }

  get path(): string {
    return this.#parts.memory.path;
  }

  get state(): AgentState {
    return this.#parts.memory.state;
  }

  get machine(): Machine {
    return this.#parts.machine;
  }

  on<Input>(tool: string, options: ToolOptions<Input>, handler: ToolHandler<Input>): this {
    const scope = currentScope("agent.on");
    const inScope: ToolHandler<Input> = (args, call) => enter(scope, () => handler(args, call));
    scope.context.own(this.#parts.memory.tools.add(defineTool(tool, options, inScope)));
    return this;
  }

  async send(message: string, { deliver = "follow-up" }: SendOptions = {}): Promise<Receipt> {
    checkDeliver(this.path, deliver);
    const receipt = await this.#parts.memory.outbox.enqueue(message, deliver);
    return {
      id: receipt.id,
      delivered: () => orStopped(receipt.delivered(), `delivered() of a message to ${this.path}`),
      turn: () => orStopped(receipt.turn(), `turn() of ${this.path}`),
    };
  }

  exec(command: string | readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return this.#parts.machine.exec(command, { signal: runningSignal(), ...options });
  }

  async interrupt(): Promise<void> {
    this.#parts.address.send({ type: "interrupt" });
  }

  restart(): Promise<void> {
    return this.#parts.restart();
  }

  async stop(): Promise<void> {
    await this.#parts.stop();
    disconnectAgent(this);
  }
}
