import type { CallRecord, CallRequest } from "../tools/index.ts";
import type { AgentWireEvent, FromAgent, TurnEndedEvent } from "../wire/index.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { ModelTrouble } from "./agent-model.ts";
import type { ProgressWatch } from "./agent-progress.ts";
import type { AgentWire } from "./agent-wire.ts";
import type { Turn } from "./outbox.ts";

export interface FrameParts {
  readonly memory: AgentMemory;
  readonly wire: AgentWire;
  readonly trouble: ModelTrouble;
  readonly progress: ProgressWatch;
}

/** Calls of one agent that are not over: more than any model makes in one turn. */
const maxOpenCalls = 1_000;
const tooManyCalls = `There are ${maxOpenCalls} calls of yours whose answers you have not taken in. Take them in, or end your turn, and call again.`;

/** Takes in what the agent's side says, once its hello is taken in. */
export class AgentFrames {
  readonly #memory: AgentMemory;
  readonly #wire: AgentWire;
  readonly #trouble: ModelTrouble;
  readonly #progress: ProgressWatch;
  #lastTurn: Turn = { text: "", stopReason: "none" };

  constructor({ memory, wire, trouble, progress }: FrameParts) {
    this.#memory = memory;
    this.#wire = wire;
    this.#trouble = trouble;
    this.#progress = progress;
  }

  take(frame: FromAgent): void {
    const { outbox, tools } = this.#memory;
    if (frame.type === "accepted") outbox.accepted(frame.id);
    if (frame.type === "durable") outbox.durable(frame.id);
    if (frame.type === "cancel") tools.cancel(frame.id);
    if (frame.type === "call") this.#call(frame);
    if (frame.type === "event") this.#event(frame.event);
  }

  /** Show that it waits, when a tool still runs. */
  toolIsSlow(): void {
    const { state, tools } = this.#memory;
    if (state === "working" && tools.running.length > 0)
      this.#memory.standing.move({ type: "tool-waits" });
  }

  #call({ id, tool, args }: Extract<FromAgent, { type: "call" }>): void {
    const memory = this.#memory;
    if (memory.openCalls.size >= maxOpenCalls && !memory.openCalls.has(id)) {
      this.#wire.send({ type: "result", id, error: tooManyCalls });
      return;
    }
    const request = { id, tool, args };
    const record = memory.tools.run(this.#inSession(request), (text) =>
      this.#wire.send({ type: "progress", id, text }),
    );
    const known = memory.openCalls.get(id) === record;
    if (known && record.answer === undefined) return;
    memory.openCalls.set(id, record);
    if (!known) this.#called(request);
    void this.#answer(record, known);
  }

  #inSession(request: Omit<CallRequest, "session">): CallRequest {
    return { ...request, session: this.#memory.session?.id ?? "" };
  }

  #called(request: Omit<CallRequest, "session">): void {
    this.#memory.learn({ tool: request.tool });
    this.#memory.emit("tool-called", request);
  }

  /** `result` never rejects, and what follows does nothing but tell. */
  async #answer(record: CallRecord, known: boolean): Promise<void> {
    const result = await record.result;
    this.#wire.answer(record.id, result);
    if (!known && this.#memory.tools.running.length === 0) this.#noneRuns();
  }

  #noneRuns(): void {
    this.#memory.learn({ tool: undefined });
    if (this.#memory.state === "waiting") this.#memory.standing.move({ type: "turn-started" });
  }

  #event(event: AgentWireEvent): void {
    if (event.type === "tokens") return;
    if (event.type === "idle") this.#idle(event.messageIds);
    else this.#told(event);
  }

  #told(event: Exclude<AgentWireEvent, { type: "idle" | "tokens" }>): void {
    const { type, ...data } = event;
    this.#memory.emit(type, data);
    if (event.type === "turn-started") this.#turnStarted();
    if (event.type === "turn-ended") this.#turnEnded(event);
    if (event.type === "tool-ended") this.#close(event.id);
    if (event.type === "model-changed") this.#memory.learn({ model: event.model });
  }

  /** The model has the answer. Some providers count their calls anew in every reply: the id may come again. */
  #close(id: string): void {
    const { openCalls, tools } = this.#memory;
    const call = openCalls.get(id);
    openCalls.delete(id);
    if (call) tools.forget(call);
  }

  #turnStarted(): void {
    this.#memory.busy = true;
    this.#memory.standing.move({ type: "turn-started" });
  }

  #turnEnded(event: TurnEndedEvent): void {
    const { text, stopReason } = event;
    this.#trouble.turnEnded(event);
    this.#lastTurn = { text, stopReason };
    this.#memory.learn({ turns: this.#memory.facts.turns + 1 });
  }

  /** A turn that the model did not answer, or that was broken off because it was stuck, is not over: it is begun again. */
  #idle(messageIds: readonly string[]): void {
    const memory = this.#memory;
    for (const id of [...memory.openCalls.keys()]) this.#close(id);
    if (this.#trouble.rested() || this.#progress.brokeOff)
      for (const id of messageIds) memory.outbox.durable(id);
    else this.settle(messageIds);
  }

  /** The agent has come to rest. */
  settle(messageIds: readonly string[]): void {
    const memory = this.#memory;
    memory.emit("idle", { messageIds });
    memory.busy = false;
    memory.outbox.answered(messageIds, this.#lastTurn);
    memory.standing.move({ type: "settled" });
  }
}
