import type { AgentMemory, AgentState, Receipt } from "../../actors/agent/actor/index.ts";
import type { InputSchema, ToolCall, ToolOptions } from "../../actors/agent/tools/index.ts";
import type { ExecOptions, ExecResult, Machine } from "../../machines/machine.ts";
import type { ProcessEvents } from "../endpoints/index.ts";

export type NoArguments = Readonly<Record<string, never>>;

export interface SendOptions {
  /** `follow-up` waits until the agent is idle; `steer` comes in before its next step. Default: `follow-up`. */
  readonly deliver?: "follow-up" | "steer" | undefined;
}

/** A coding agent of this process, in a terminal on a machine. */
export interface Agent {
  readonly name: string;
  readonly path: string;
  readonly state: AgentState;
  /** The machine that it lives on. The same object across the machine's restarts. */
  readonly machine: Machine;
  /** The events of the agent: turns, tool calls, messages, restarts. */
  readonly events: ProcessEvents;
  /**
   * Give the agent a tool. The handler runs in the scope of the process that calls `on`.
   *
   * What it returns the model reads: text as it is, else JSON. What it throws the model reads as an
   * error. Throws MisuseError: `tool-exists` for a name that the agent has already, `invalid-tool` for
   * a name or schema that no model could use.
   */
  on<Input>(
    tool: string,
    options: ToolOptions<Input> & { readonly input: InputSchema<Input> },
    handler: (args: Input, call: ToolCall) => unknown,
  ): this;
  on(
    tool: string,
    options: ToolOptions<NoArguments> & { readonly input?: undefined },
    handler: (args: NoArguments, call: ToolCall) => unknown,
  ): this;
  /**
   * Send the agent a message. Resolves when the message cannot be lost any more; it waits while the
   * agent restarts.
   *
   * Rejects with MessageRefusedError for an empty one, one of over 1,000,000 bytes, and one with a line
   * of over 50,000 characters, which its terminal would take minutes to show.
   */
  send(message: string, options?: SendOptions): Promise<Receipt>;
  /** Run a command on the agent's machine. The command ends with the process. */
  exec(command: string | readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Interrupt the turn that runs. */
  interrupt(): Promise<void>;
  /** Stop the agent and start it again: same session, same messages waiting. */
  restart(): Promise<void>;
  /** Stop the agent for good. */
  stop(): Promise<void>;
  /**
   * Start an agent of the same options on a fork of its machine, which goes on in a copy of the
   * conversation as it is now. Tools are not copied: give the new agent its own.
   *
   * Throws UnsupportedError where the machine, or the harness, cannot be forked.
   */
  fork(name: string): Promise<Agent>;
}

/** The record behind an agent that a program holds. */
export interface AgentRecord {
  readonly memory: AgentMemory;
}

const records = new WeakMap<Agent, AgentRecord>();

/** Remember what is behind an agent. */
export function rememberAgent(agent: Agent, record: AgentRecord): void {
  records.set(agent, record);
}

/** Find what is behind an agent. Throws TypeError for anything that `agent()` did not give. */
export function agentRecordOf(agent: Agent): AgentRecord {
  const record = records.get(agent);
  if (record !== undefined) return record;
  throw new TypeError("This is no agent of a run; pass what agent() gave.");
}

/** Find the tools and messages behind an agent. Throws TypeError for anything that `agent()` did not give. */
export function agentMemoryOf(agent: Agent): AgentMemory {
  return agentRecordOf(agent).memory;
}
