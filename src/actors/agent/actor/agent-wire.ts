import type { ToolResult } from "../tools/index.ts";
import type { FromAgent, Link, LinkListener, ToAgent, ToolDescription } from "../wire/index.ts";
import type { AgentMessage, Hello } from "./agent-message.ts";

type ResultFrame = Extract<ToAgent, { type: "result" }>;

export interface AgentWireOptions {
  readonly epoch: number;
  /** The tools as they are now. */
  readonly tools: () => readonly ToolDescription[];
  /** Hears of everything, in order. */
  readonly tell: (message: AgentMessage) => void;
}

/** The runtime's side of all links of one incarnation: one is open at a time, and some things are repeated on the next. */
export class AgentWire implements LinkListener {
  readonly #options: AgentWireOptions;
  readonly #unacknowledged = new Map<string, ResultFrame>();
  #link: Link | undefined;
  #greeted: (hello: Hello) => void = () => {};
  #armed: () => void = () => {};
  #quiet: (() => void)[] = [];
  /** The first hello. */
  readonly hello = new Promise<Hello>((resolve) => {
    this.#greeted = resolve;
  });
  /** All tools are active for the first time. */
  readonly armed = new Promise<void>((resolve) => {
    this.#armed = resolve;
  });
  #active: readonly string[] = [];

  constructor(options: AgentWireOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#link !== undefined;
  }

  /** The tools that the other side has not said to be active. */
  get missing(): readonly string[] {
    const names = this.#options.tools().map(({ name }) => name);
    return names.filter((name) => !this.#active.includes(name));
  }

  opened(link: Link, hello: Hello): void {
    this.#link = link;
    this.sendTools();
    this.#greeted(hello);
    this.#happened({ type: "linked", link, hello });
  }

  received(link: Link, frame: FromAgent): void {
    if (frame.type === "tools-active") this.#learn(frame.names);
    if (frame.type === "event" && frame.event.type === "tool-ended") {
      this.#acknowledged(frame.event.id);
    }
    if (frame.type === "event" && frame.event.type === "idle") this.#allAcknowledged();
    this.#happened({ type: "frame", link, frame });
  }

  closed(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    for (const told of this.#quiet.splice(0)) told();
    this.#happened({ type: "unlinked", link });
  }

  /** Whether `link` is the open one. */
  isOn(link: Link | undefined): boolean {
    return link !== undefined && this.#link === link;
  }

  /** Send a frame that is not repeated: it is lost when no link is open. */
  send(frame: ToAgent): void {
    this.#link?.send(frame);
  }

  sendTools(): void {
    this.send({ type: "tools", tools: this.#options.tools() });
  }

  /** Answer a call; repeated on later links until the other side says that it has it. */
  answer(id: string, { text, error }: ToolResult): void {
    const frame: ResultFrame = { type: "result", id, text, error };
    this.#unacknowledged.set(id, frame);
    this.send(frame);
  }

  /** Send again what was not acknowledged. */
  repeatAnswers(): void {
    for (const frame of this.#unacknowledged.values()) this.send(frame);
  }

  /** Resolves when every answer is acknowledged, or the link is lost. */
  async quiet(): Promise<void> {
    if (!this.isOpen || this.#unacknowledged.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#quiet.push(resolve);
    });
  }

  #learn(active: readonly string[]): void {
    this.#active = active;
    if (this.missing.length === 0) this.#armed();
  }

  #acknowledged(id: string): void {
    this.#unacknowledged.delete(id);
    if (this.#unacknowledged.size > 0) return;
    for (const told of this.#quiet.splice(0)) told();
  }

  #allAcknowledged(): void {
    for (const id of [...this.#unacknowledged.keys()]) this.#acknowledged(id);
  }

  #happened(what: Extract<AgentMessage, { type: "happened" }>["what"]): void {
    this.#options.tell({ type: "happened", epoch: this.#options.epoch, what });
  }
}
