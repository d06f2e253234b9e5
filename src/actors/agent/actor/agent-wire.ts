import { type Deferred, deferred } from "../../wait.ts";
import type { ToolResult } from "../tools/index.ts";
import type { FromAgent, Link, LinkListener, ToAgent, ToolDescription } from "../wire/index.ts";
import type { AgentMessage, Happening, HelloFrame } from "./agent-message.ts";

type ResultFrame = Extract<ToAgent, { type: "result" }>;

export interface AgentWireOptions {
  readonly epoch: number;
  /** The tools as they are now. */
  readonly tools: () => readonly ToolDescription[];
  /** Called with everything that happens, in order. */
  readonly tell: (message: AgentMessage) => void;
}

/**
 * The runtime's side of all links of one incarnation: one is open at a time, and answers to calls are
 * repeated on the next.
 *
 * Acknowledgments are taken here and not in the mailbox: an agent's start and its polite stop wait for
 * them, and no mailbox is read then.
 */
export class AgentWire implements LinkListener {
  readonly #options: AgentWireOptions;
  readonly #unacknowledged = new Map<string, ResultFrame>();
  readonly #hello: Deferred<HelloFrame> = deferred();
  readonly #armed: Deferred<void> = deferred();
  #link: Link | undefined;
  #quiet: Deferred<void> | undefined;
  #active: readonly string[] = [];

  constructor(options: AgentWireOptions) {
    this.#options = options;
  }

  /** Resolves with the first hello. */
  get hello(): Promise<HelloFrame> {
    return this.#hello.promise;
  }

  /** Resolves when all tools are active for the first time. */
  get armed(): Promise<void> {
    return this.#armed.promise;
  }

  get isOpen(): boolean {
    return this.#link !== undefined;
  }

  /** The tools that the other side has not said to be active. */
  get missing(): readonly string[] {
    const names = this.#options.tools().map(({ name }) => name);
    return names.filter((name) => !this.#active.includes(name));
  }

  opened(link: Link, hello: HelloFrame): void {
    this.#link = link;
    this.sendTools();
    this.#hello.resolve(hello);
    this.#happened({ type: "linked", link, hello });
  }

  received(_link: Link, frame: FromAgent): void {
    this.#acknowledged(frame);
    this.#happened({ type: "frame", frame });
  }

  closed(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#quiet?.resolve();
    this.#happened({ type: "unlinked" });
  }

  /** Tell whether `link` is the open one. */
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

  /** Send again every answer that the other side has not acknowledged. Call it after each new link. */
  repeatAnswers(): void {
    for (const frame of this.#unacknowledged.values()) this.send(frame);
  }

  /** Resolves when every answer is acknowledged, or the link is lost. */
  async quiet(): Promise<void> {
    if (!this.isOpen || this.#unacknowledged.size === 0) return;
    this.#quiet = deferred();
    await this.#quiet.promise;
  }

  #acknowledged(frame: FromAgent): void {
    if (frame.type === "tools-active") {
      this.#active = frame.names;
      if (this.missing.length === 0) this.#armed.resolve();
    }
    if (frame.type !== "event") return;
    if (frame.event.type === "tool-ended") this.#unacknowledged.delete(frame.event.id);
    if (frame.event.type === "idle") this.#unacknowledged.clear();
    if (this.#unacknowledged.size === 0) this.#quiet?.resolve();
  }

  #happened(what: Happening): void {
    this.#options.tell({ type: "happened", epoch: this.#options.epoch, what });
  }
}
