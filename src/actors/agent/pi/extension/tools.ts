import {
  BadFrameError,
  type CallFrame,
  type FromAgent,
  type Json,
  type ToAgent,
  type ToolDescription,
} from "../../wire/index.ts";
import type { Pi, PiToolResult } from "./pi.ts";

type Result = Extract<ToAgent, { type: "result" }>;

interface Pending {
  readonly call: CallFrame;
  progress(text: string): void;
  settle(result: Result): void;
}

const maxBytes = 50 * 1_024;
const maxLines = 2_000;

/** Gives pi the runtime's tools, and carries each call there and its result back. */
export class ExtensionTools {
  readonly #pi: Pi;
  readonly #send: (frame: FromAgent) => void;
  readonly #registered = new Map<string, string>();
  readonly #pending = new Map<string, Pending>();
  #ours: readonly string[] = [];

  constructor(pi: Pi, send: (frame: FromAgent) => void) {
    this.#pi = pi;
    this.#send = send;
  }

  /** Make these, and no others of ours, the tools of the model; whatever else is active stays so. */
  set(tools: readonly ToolDescription[]): void {
    for (const tool of tools) this.#register(tool);
    const names = tools.map(({ name }) => name);
    const others = this.#pi.getActiveTools().filter((name) => !this.#registered.has(name));
    this.#pi.setActiveTools([...others, ...names]);
    this.#ours = names;
    this.tellActive();
  }

  /** Tell the runtime which of its tools the model has. */
  tellActive(): void {
    const active = new Set(this.#pi.getActiveTools());
    this.#send({ type: "tools-active", names: this.#ours.filter((name) => active.has(name)) });
  }

  /** Repeat, under the same ids, the calls that have no result yet. */
  repeat(): void {
    for (const { call } of this.#pending.values()) this.#send(call);
  }

  progress(id: string, text: string): void {
    this.#pending.get(id)?.progress(text);
  }

  result(result: Result): void {
    this.#pending.get(result.id)?.settle(result);
  }

  #register(tool: ToolDescription): void {
    const { name, description, parameters } = tool;
    const print = JSON.stringify(tool);
    if (this.#registered.get(name) === print) return;
    this.#registered.set(name, print);
    const promptSnippet = (description.split("\n")[0] || name).slice(0, 200);
    this.#pi.registerTool({
      name,
      label: name,
      description,
      promptSnippet,
      parameters,
      execute: (id, args, signal, onUpdate) =>
        this.#execute({ type: "call", id, tool: name, args: asJson(args) }, signal, (text) =>
          onUpdate?.(resultOf(text)),
        ),
    });
  }

  #execute(
    call: CallFrame,
    signal: AbortSignal | undefined,
    progress: (text: string) => void,
  ): Promise<PiToolResult> {
    return new Promise<PiToolResult>((resolve, reject) => {
      const aborted = () => {
        this.#send({ type: "cancel", id: call.id });
        done(() => reject(new Error(`${call.tool} was cancelled`)));
      };
      const done = (settle: () => void) => {
        this.#pending.delete(call.id);
        signal?.removeEventListener("abort", aborted);
        settle();
      };
      const settle = ({ text, error, terminate }: Result) =>
        done(() => {
          if (error === undefined) resolve({ ...resultOf(text ?? ""), terminate });
          else reject(new Error(truncated(error)));
        });
      if (signal?.aborted) {
        reject(new Error(`${call.tool} was cancelled`));
        return;
      }
      signal?.addEventListener("abort", aborted);
      this.#pending.set(call.id, { call, progress, settle });
      this.#sendOrFail(call, settle);
    });
  }

  /** Arguments that the runtime would not take are the model's mistake, and it reads so. */
  #sendOrFail(call: CallFrame, settle: (result: Result) => void): void {
    try {
      this.#send(call);
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error;
      const said = `The arguments of ${call.tool} cannot be sent: ${error.reason}.`;
      settle({ type: "result", id: call.id, error: said });
    }
  }
}

function asJson(value: unknown): Json {
  const json: Json = JSON.parse(JSON.stringify(value ?? {}));
  return json;
}

function resultOf(text: string): PiToolResult {
  return { content: [{ type: "text", text: truncated(text) }], details: {} };
}

/** pi leaves the output of our tools as long as it is, so it is cut here as pi cuts its own. */
function truncated(text: string): string {
  const lines = text.split("\n", maxLines + 1);
  const fewLines = lines.length > maxLines ? lines.slice(0, maxLines).join("\n") : text;
  const bytes = new TextEncoder().encode(fewLines);
  if (bytes.length <= maxBytes && fewLines === text) return text;
  const kept = new TextDecoder().decode(bytes.slice(0, maxBytes)).replace(/\uFFFD$/, "");
  return `${kept}\n[cut: the whole output has ${text.length} characters; 50 KB and 2000 lines are shown]`;
}
