import { MisuseError } from "../../../errors.ts";
import type { ToolDescription } from "../wire/index.ts";
import { Call, type CallRequest, identified, type ToolCallOptions } from "./call.ts";
import type { Tool } from "./tool.ts";

/** The tools of one agent, and the calls to them. Outlives the agent's incarnations. */
export interface ToolTable {
  /** The descriptions for the model, in the order of addition. */
  readonly descriptions: readonly ToolDescription[];
  /** Calls whose handlers still run. */
  readonly running: readonly Call[];
  /** Add a tool. Throws MisuseError (`tool-exists`) for a name that is taken. Returns how to withdraw it. */
  add(tool: Tool): () => void;
  /** Run the handler of a call, or give what became of the same call before. */
  run(request: CallRequest, progress: (text: string) => void): Call;
  /** Forget a call whose answer the model has: a later call with the same id is another call. */
  forget(call: Call): void;
  /** Abort a running call: the model does not wait for it any more. */
  cancel(id: string): void;
  /** Abort all running calls and refuse every later one. */
  end(why: string): void;
  /** Take calls again after `end`. */
  reopen(): void;
}

export interface ToolTableOptions extends ToolCallOptions {
  /** The agent's path, for messages. */
  readonly path: string;
  /** Called at each addition and withdrawal. Default: nobody. */
  readonly onChange?: (() => void) | undefined;
  /** The number of answered calls that are remembered. Default: 256. */
  readonly maxAnswered?: number | undefined;
  /** The bytes that arguments and answers of remembered calls may take. Default: 32 MiB. */
  readonly maxAnsweredBytes?: number | undefined;
}

/** Make an empty table. */
export function createToolTable(options: ToolTableOptions): ToolTable {
  return new Table(options);
}

class Table implements ToolTable {
  readonly #options: ToolTableOptions;
  readonly #tools = new Map<string, Tool>();
  /** The calls by key, oldest first. */
  readonly #calls = new Map<string, Call>();
  #ended: string | undefined;

  constructor(options: ToolTableOptions) {
    this.#options = options;
  }

  get descriptions(): readonly ToolDescription[] {
    return [...this.#tools.values()].map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    }));
  }

  get running(): readonly Call[] {
    return this.#open();
  }

  add(tool: Tool): () => void {
    if (this.#tools.has(tool.name))
      throw new MisuseError(
        "tool-exists",
        `${this.#options.path} has a tool ${tool.name} already; give this one another name or a prefix.`,
      );
    this.#tools.set(tool.name, tool);
    this.#options.onChange?.();
    return () => this.#withdraw(tool);
  }

  run(request: CallRequest, progress: (text: string) => void): Call {
    const made = identified(request);
    const known = this.#calls.get(made.key);
    if (known) return known;
    const call = new Call(made, this.#options);
    this.#calls.set(call.key, call);
    this.#forget();
    this.#start(call, progress);
    return call;
  }

  forget(call: Call): void {
    const { key, answer } = call;
    if (this.#calls.get(key) === call && answer !== undefined) this.#calls.delete(key);
  }

  cancel(id: string): void {
    for (const call of this.#open()) if (call.id === id) call.end("The call was cancelled.");
  }

  end(why: string): void {
    this.#ended = why;
    for (const call of this.#open()) call.end(why);
  }

  reopen(): void {
    this.#ended = undefined;
  }

  #start(call: Call, progress: (text: string) => void): void {
    const tool = this.#tools.get(call.tool);
    if (this.#ended !== undefined) call.end(this.#ended);
    else if (tool) call.start(tool, progress);
    else call.end(this.#unknown(call.tool));
  }

  #unknown(name: string): string {
    const names = [...this.#tools.keys()].join(", ") || "none";
    return `There is no tool ${name}; the tools are: ${names}.`;
  }

  #withdraw(tool: Tool): void {
    if (this.#tools.get(tool.name) !== tool) return;
    this.#tools.delete(tool.name);
    const why = `The tool ${tool.name} is gone: what provided it has ended.`;
    for (const call of this.#open()) if (call.tool === tool.name) call.end(why);
    this.#options.onChange?.();
  }

  #open(): readonly Call[] {
    return [...this.#calls.values()].filter((call) => call.answer === undefined);
  }

  #forget(): void {
    const { maxAnswered = 256, maxAnsweredBytes = 32 * 1_048_576 } = this.#options;
    let { size } = this.#calls;
    let bytes = 0;
    for (const call of this.#calls.values()) bytes += call.bytes;
    for (const [key, call] of this.#calls) {
      if (size <= maxAnswered && bytes <= maxAnsweredBytes) return;
      if (call.answer === undefined) continue;
      this.#calls.delete(key);
      size -= 1;
      bytes -= call.bytes;
    }
  }
}
