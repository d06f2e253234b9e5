import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import extension from "../../../../../src/actors/agent/pi/extension/extension.ts";
import type {
  Pi,
  PiContext,
  PiEntry,
  PiEvent,
  PiMessage,
  PiTool,
} from "../../../../../src/actors/agent/pi/extension/pi.ts";

type Handler = (event: PiEvent, context: PiContext) => unknown;

/** As much of pi as the extension touches, with pi's habits: what is sent while it is busy without a queue is lost. */
export class FakePi implements Pi {
  readonly entries: PiEntry[] = [];
  readonly tools = new Map<string, PiTool>();
  readonly sent: { readonly text: string; readonly deliverAs: string }[] = [];
  readonly status: (string | undefined)[] = [];
  active: string[] = ["read", "bash"];
  idle = true;
  pending = 0;
  nudges = 0;
  aborts = 0;
  shutdowns = 0;
  readonly #handlers = new Map<string, Handler>();
  readonly context: PiContext = {
    model: { provider: "scripted", id: "model" },
    modelRegistry: { hasConfiguredAuth: () => true },
    sessionManager: {
      getSessionId: () => "s1",
      getSessionFile: () => "/tmp/s1.jsonl",
      getEntries: () => this.entries,
    },
    ui: { setStatus: (_key, text) => void this.status.push(text) },
    isIdle: () => this.idle,
    hasPendingMessages: () => this.pending > 0,
    abort: () => void this.aborts++,
    shutdown: () => void this.shutdowns++,
  };

  on(event: string, handler: Handler): void {
    this.#handlers.set(event, handler);
  }
  registerTool(tool: PiTool): void {
    this.tools.set(tool.name, tool);
  }
  getActiveTools(): string[] {
    return this.active;
  }
  setActiveTools(names: string[]): void {
    this.active = names;
  }
  sendUserMessage(text: string, { deliverAs }: { readonly deliverAs: string }): void {
    this.sent.push({ text, deliverAs });
  }
  sendMessage(): void {
    this.nudges++;
  }
  appendEntry(customType: string, data: object): void {
    this.entries.push({ type: "custom", customType, data });
  }

  async emit(event: string, fields: PiEvent = {}): Promise<unknown> {
    return this.#handlers.get(event)?.(fields, this.context);
  }

  /** Load the extension as pi does, and start a session. */
  async start(facts: object): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "rf-"));
    process.env.RAMURE_AGENT_FILE = factsFile(directory, facts);
    await this.restart("startup");
    rmSync(directory, { recursive: true });
  }

  /** Load it again in the same process, as `/new` does. */
  async restart(reason: string): Promise<void> {
    this.#handlers.clear();
    extension(this);
    await this.emit("session_start", { reason });
  }

  /** Take a user message into the conversation, as the start of a run or from the queue. */
  async takeIn(text: string): Promise<void> {
    const message: PiMessage = { role: "user", content: [{ type: "text", text }] };
    await this.emit("message_start", { message });
    const patch = await this.emit("message_end", { message });
    const kept = patch && typeof patch === "object" && "message" in patch ? patch.message : message;
    this.entries.push({ type: "message", message: kept as PiMessage });
  }

  /** Answer, and end the run. */
  async answer(text: string, stopReason = "stop"): Promise<void> {
    const message: PiMessage = {
      role: "assistant",
      content: text,
      stopReason,
      usage: { input: 1 },
    };
    await this.emit("turn_start");
    await this.emit("message_end", { message });
    this.entries.push({ type: "message", message });
    await this.emit("turn_end", { message });
    this.idle = true;
    await this.emit("agent_end", { messages: [message] });
  }

  /** Begin a run with a user message. */
  async run(text: string): Promise<void> {
    this.idle = false;
    await this.emit("agent_start");
    await this.takeIn(text);
  }
}

function factsFile(directory: string, facts: object): string {
  const file = join(directory, "facts.json");
  writeFileSync(file, JSON.stringify(facts), { mode: 0o600 });
  return file;
}
