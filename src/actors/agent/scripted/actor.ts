import type { Clock } from "../../clock.ts";
import { StoppedError } from "../../kernel/index.ts";
import { waiting } from "../../wait.ts";
import type {
  CallFrame,
  FromAgent,
  Json,
  LaunchSpec,
  ToAgent,
  ToolDescription,
  TurnEndedEvent,
} from "../wire/index.ts";
import {
  InterruptedError,
  type ModelFailureFacts,
  type ScriptedAgent,
  type ScriptedMessage,
  type ScriptedSession,
  ScriptedToolError,
} from "./agent.ts";

/** The stage of an agent's script: its side of the link. */
export interface Stage {
  readonly spec: LaunchSpec;
  readonly clock: Clock;
  readonly session: ScriptedSession;
  readonly resumed: boolean;
  readonly signal: AbortSignal;
  send(frame: FromAgent): void;
  cutLink(ms: number): void;
}

interface OpenCall {
  readonly frame: CallFrame;
  settle(frame: Extract<ToAgent, { type: "result" }>): void;
}

/** One life of a scripted agent: turns what the script does into frames, and frames into what it sees. */
export class ScriptedActor implements ScriptedAgent {
  readonly #stage: Stage;
  readonly #calls = new Map<string, OpenCall>();
  #queue: ScriptedMessage[] = [];
  #tools: readonly ToolDescription[] = [];
  #arrived: () => void = () => {};
  /** Aborts when the turn is interrupted and when the agent ends. */
  #turn = new AbortController();
  #said: string[] = [];
  #answering: string[] = [];
  #inTurn = false;
  #taken = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    const end = () => this.#turn.abort(stage.signal.reason);
    stage.signal.addEventListener("abort", end, { once: true });
  }

  get name(): string {
    return this.path.split("/").at(-1) ?? "";
  }

  get path(): string {
    return this.#stage.spec.path;
  }

  get epoch(): number {
    return this.#stage.spec.epoch;
  }

  get resumed(): boolean {
    return this.#stage.resumed;
  }

  get systemPrompt(): string | undefined {
    return this.#stage.spec.systemPrompt;
  }

  get model(): string | undefined {
    return this.#stage.spec.model;
  }

  get tools(): readonly ToolDescription[] {
    return this.#tools;
  }

  get signal(): AbortSignal {
    return this.#stage.signal;
  }

  get messages(): AsyncIterable<ScriptedMessage> {
    const next = async () => ({ done: false as const, value: await this.next() });
    return { [Symbol.asyncIterator]: () => ({ next }) };
  }

  /** The number of messages that the script has taken. */
  get taken(): number {
    return this.#taken;
  }

  async next(): Promise<ScriptedMessage> {
    this.endTurn();
    await this.arrival();
    const [message] = this.#queue.splice(0, 1);
    if (!message) return this.next();
    this.#taken += 1;
    this.#beginTurn();
    this.#answering.push(message.id);
    this.#stage.send({ type: "accepted", id: message.id });
    this.#event({ type: "message", role: "user", text: message.text, origin: "extension" });
    return message;
  }

  say(text: string): void {
    this.#act();
    this.#said.push(text);
    this.#event({ type: "message", role: "assistant", text, origin: "model" });
  }

  async call(tool: string, args: Json = {}): Promise<string> {
    this.#act();
    const id = this.#stage.session.newCallId();
    this.#event({ type: "tool-started", id, tool, args });
    const result = await this.#result({ type: "call", id, tool, args });
    this.#event({ type: "tool-ended", id, tool, failed: result.error !== undefined });
    if (result.error !== undefined) throw new ScriptedToolError(result.error);
    if (result.terminate) this.endTurn();
    return result.text ?? "";
  }

  sleep(ms: number): Promise<void> {
    return this.#unlessEnded((signal) => this.#stage.clock.sleep(ms, { signal }));
  }

  failModel(error: string, facts: ModelFailureFacts = {}): void {
    this.#act();
    this.#ended({ type: "turn-ended", stopReason: "error", text: "", error, ...facts });
  }

  crash(detail = "crashed by its script"): never {
    throw new Error(detail);
  }

  cutLink(ms: number): void {
    this.#stage.cutLink(ms);
  }

  /** Resolves when a message waits. */
  async arrival(): Promise<void> {
    this.signal.throwIfAborted();
    if (this.#queue.length > 0) return;
    await this.#unlessEnded(
      () =>
        new Promise<void>((resolve) => {
          this.#arrived = resolve;
        }),
    );
  }

  /** End the turn, if one runs. */
  endTurn(): void {
    if (!this.#inTurn) return;
    this.#settleMessages();
    const stopReason = this.#turn.signal.aborted ? "aborted" : "stop";
    this.#ended({ type: "turn-ended", stopReason, text: this.#said.join("\n") });
    if (stopReason === "aborted" && !this.signal.aborted) this.#turn = new AbortController();
  }

  #ended(event: TurnEndedEvent): void {
    this.#event(event);
    this.#event({ type: "idle", messageIds: this.#answering });
    this.#inTurn = false;
    this.#said = [];
    this.#answering = [];
  }

  /** Take in what the runtime says. */
  received(frame: ToAgent): void {
    switch (frame.type) {
      case "tools":
        this.#armed(frame.tools);
        return;
      case "send":
        this.#sent(frame);
        return;
      case "result":
        this.#calls.get(frame.id)?.settle(frame);
        return;
      case "interrupt":
        if (this.#inTurn) this.#turn.abort(new InterruptedError("The turn was broken off."));
        return;
      case "ping":
        this.#send({ type: "pong", id: frame.id });
        return;
      case "welcome":
      case "progress":
      case "shutdown":
        // The link and the process deal with it; a script sees no progress.
        return;
      default:
        frame satisfies never;
    }
  }

  /** Repeat, under the same ids, the calls that have no result yet. */
  repeatCalls(): void {
    for (const { frame } of this.#calls.values()) this.#send(frame);
  }

  #armed(tools: readonly ToolDescription[]): void {
    this.#tools = tools;
    this.#send({ type: "tools-active", names: tools.map(({ name }) => name) });
  }

  #sent(message: ScriptedMessage): void {
    const { id, text, deliver } = message;
    const { session } = this.#stage;
    if (session.has(id)) this.#send({ type: "durable", id });
    if (session.has(id) || this.#answering.includes(id)) return;
    if (this.#queue.some((other) => other.id === id)) return;
    const steers = this.#queue.filter((other) => other.deliver === "steer").length;
    this.#queue.splice(deliver === "steer" ? steers : this.#queue.length, 0, { id, text, deliver });
    this.#arrived();
  }

  #beginTurn(): void {
    if (this.#inTurn) return;
    this.#inTurn = true;
    this.#event({ type: "turn-started" });
  }

  /** Take in that the model acts: the messages to it are in the conversation now. */
  #act(): void {
    this.signal.throwIfAborted();
    this.#beginTurn();
    this.#settleMessages();
  }

  #settleMessages(): void {
    for (const id of this.#answering) {
      if (this.#stage.session.add(id)) this.#send({ type: "durable", id });
    }
  }

  async #result(frame: CallFrame): Promise<Extract<ToAgent, { type: "result" }>> {
    try {
      return await this.#unlessEnded(
        () =>
          new Promise((settle) => {
            this.#calls.set(frame.id, { frame, settle });
            this.#send(frame);
          }),
      );
    } catch (error) {
      if (error instanceof InterruptedError) this.#send({ type: "cancel", id: frame.id });
      throw error;
    } finally {
      this.#calls.delete(frame.id);
    }
  }

  /** Wait, until the turn is interrupted or the agent ends. */
  async #unlessEnded<Value>(wait: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const { signal } = this.#turn;
    try {
      return await waiting<Value>({ signal }, ({ resolve, reject }) => {
        wait(signal).then(resolve, reject);
        return () => {};
      });
    } catch (error) {
      if (this.signal.aborted) throw new StoppedError(this.path);
      if (signal.aborted) throw new InterruptedError("The turn was broken off.");
      throw error;
    }
  }

  #event(event: Extract<FromAgent, { type: "event" }>["event"]): void {
    this.#send({ type: "event", event });
  }

  #send(frame: FromAgent): void {
    this.#stage.send(frame);
  }
}
