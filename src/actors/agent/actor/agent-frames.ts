import { inWords, isRecord } from "../../data/index.ts";
import type { Context } from "../../kernel/index.ts";
import type { Call, CallRequest } from "../tools/index.ts";
import type { AgentWireEvent, CallFrame, FromAgent, TurnEndedEvent } from "../wire/index.ts";
import { type AgentMemory, noTool } from "./agent-memory.ts";
import type { AgentMessage } from "./agent-message.ts";
import type { ModelTrouble } from "./agent-model.ts";
import type { ProgressWatch } from "./agent-progress.ts";
import type { AgentWire } from "./agent-wire.ts";
import type { Turn } from "./outbox.ts";

export interface FrameParts {
  readonly context: Context<AgentMessage>;
  readonly memory: AgentMemory;
  readonly wire: AgentWire;
  readonly trouble: ModelTrouble;
  readonly progress: ProgressWatch;
  /** Copies the conversation to this host. Undefined: it lies here. */
  readonly keep: () => Promise<void> | undefined;
  /** Called when the agent could not take a message now. */
  readonly refused: (id: string, reason: string) => void;
}

/** The most calls of one agent that are not over: more than any model makes in one turn. */
const maxOpenCalls = 1_000;
/** The most bytes that the arguments and answers of those calls may take. */
const maxOpenBytes = 16 * 1_048_576;
const tooManyCalls = `There are ${maxOpenCalls} calls of yours whose answers you have not taken in. Take them in, or end your turn, and call again.`;
const tooManyBytes = `Your calls whose answers you have not taken in hold over ${maxOpenBytes / 1_048_576} MiB. Take the answers in, or end your turn, and call again.`;
/** The time that a call may run before the agent is shown as waiting. */
const slowToolMs = 5_000;

/**
 * Acts on every frame of an agent after its hello. The wire has taken the acknowledgments that it
 * waits for itself.
 */
export class AgentFrames {
  readonly #parts: FrameParts;
  readonly #memory: AgentMemory;
  #lastTurn: Turn = { text: "", stopReason: "none" };

  constructor(parts: FrameParts) {
    this.#parts = parts;
    this.#memory = parts.memory;
  }

  take(frame: FromAgent): void {
    const { outbox, tools } = this.#memory;
    switch (frame.type) {
      case "accepted":
        outbox.accepted(frame.id);
        return;
      case "durable":
        this.#written(frame.id);
        return;
      case "refused":
        this.#parts.refused(frame.id, frame.reason);
        return;
      case "call":
        this.#call(frame);
        return;
      case "cancel":
        tools.cancel(frame.id);
        return;
      case "event":
        this.#event(frame.event);
        return;
      case "hello":
      case "tools-active":
      case "pong":
      case "bye":
        // The wire has dealt with it; `bye` is followed by the end of the process.
        return;
      default:
        frame satisfies never;
    }
  }

  /** Show that the agent waits, when a tool still runs. */
  toolIsSlow(): void {
    const { state, standing, tools } = this.#memory;
    if (state === "working" && tools.running.length > 0) standing.move({ type: "tool-waits" });
  }

  /** Take in that no turn runs and that these messages are answered; none named: all of them. */
  settle(messageIds: readonly string[]): void {
    const memory = this.#memory;
    memory.emit("idle", { messageIds });
    memory.busy = false;
    this.#answered(messageIds, this.#lastTurn);
    memory.standing.move({ type: "settled" });
  }

  /** Settle the answered messages. A caller may rely on them: a conversation that only its machine has is copied first. */
  #answered(messageIds: readonly string[], turn: Turn): void {
    const kept = this.#parts.keep();
    if (kept === undefined || messageIds.length === 0) {
      this.#memory.outbox.answered(messageIds, turn);
      return;
    }
    const { self, epoch } = this.#parts.context;
    const tell = () =>
      self.send({ type: "happened", epoch, what: { type: "answer-kept", messageIds, turn } });
    kept.then(tell, tell);
  }

  /** A message in a conversation that only its machine has may be lost with the machine. */
  #written(id: string): void {
    const kept = this.#parts.keep();
    if (kept === undefined) {
      this.#memory.outbox.durable(id);
      return;
    }
    const { self, epoch } = this.#parts.context;
    kept.then(
      () => self.send({ type: "happened", epoch, what: { type: "kept", id } }),
      // Another copy may succeed; if none does, the message is sent again after a restart.
      () => {},
    );
  }

  #call({ id, tool, args }: CallFrame): void {
    const { context, wire } = this.#parts;
    const memory = this.#memory;
    context.timers.after("tool-slow", slowToolMs, { type: "tool-slow" });
    const error = memory.openCalls.has(id) ? undefined : tooMuch(memory);
    if (error !== undefined) {
      wire.send({ type: "result", id, error });
      return;
    }
    const request = { id, tool, args };
    const call = memory.tools.run(this.#inConversation(request), (text) =>
      wire.send({ type: "progress", id, text }),
    );
    const isKnown = memory.openCalls.get(id) === call;
    if (isKnown && call.answer === undefined) return;
    memory.openCalls.set(id, call);
    if (!isKnown) this.#called(request);
    void this.#answer(call, isKnown);
  }

  #inConversation(request: Omit<CallRequest, "session">): CallRequest {
    return { ...request, session: this.#memory.conversation?.id ?? "" };
  }

  #called(request: Omit<CallRequest, "session">): void {
    this.#runs(request, true);
    this.#memory.emit("tool-called", request);
  }

  /** Never rejects: `result` does not, and the rest only tells others. */
  async #answer(call: Call, isKnown: boolean): Promise<void> {
    const result = await call.result;
    this.#parts.wire.answer(call.id, result);
    if (!isKnown && this.#memory.tools.running.length === 0) this.#noneRuns();
  }

  #noneRuns(): void {
    this.#memory.learn(noTool);
    if (this.#memory.state === "waiting") this.#memory.standing.move({ type: "turn-started" });
  }

  #event(event: AgentWireEvent): void {
    const { progress } = this.#parts;
    switch (event.type) {
      case "tokens":
        progress.worked();
        return;
      case "idle":
        this.#idle(event.messageIds);
        progress.rested();
        return;
      case "turn-started":
        this.#emit(event);
        this.#memory.busy = true;
        this.#memory.standing.move(event);
        progress.turnStarted();
        return;
      case "turn-ended":
        this.#emit(event);
        this.#turnEnded(event);
        if (event.stopReason === "error" || event.stopReason === "aborted") progress.heard();
        else progress.worked();
        return;
      case "message":
        this.#emit(event);
        if (event.role === "assistant") progress.worked();
        else progress.heard();
        return;
      case "tool-started":
        this.#emit(event);
        this.#runs(
          event,
          this.#memory.tools.descriptions.some(({ name }) => name === event.tool),
        );
        progress.toolStarted(event.id);
        return;
      case "tool-ended":
        this.#emit(event);
        this.#close(event.id);
        if (this.#memory.tools.running.length === 0) this.#noTool();
        progress.toolEnded(event.id);
        return;
      case "usage":
        this.#emit(event);
        this.#paid(costOf(event.usage));
        if (hasTokens(event.usage)) progress.worked();
        else progress.heard();
        return;
      case "model-changed":
        this.#emit(event);
        this.#memory.learn({ model: event.model });
        progress.heard();
        return;
      case "session-replaced":
        this.#emit(event);
        progress.heard();
        return;
      default:
        event satisfies never;
    }
  }

  /** `asks`: the tool is the program's. */
  #runs({ tool, args }: { readonly tool: string; readonly args: unknown }, asks: boolean): void {
    const { facts } = this.#memory;
    const input = inWords(args);
    if (facts.tool === tool && facts.input === input && facts.asks === asks) return;
    this.#memory.learn({ tool, input, asks });
  }

  #noTool(): void {
    if (this.#memory.facts.tool !== undefined) this.#memory.learn(noTool);
  }

  #paid(cost: number): void {
    if (cost > 0) this.#memory.learn({ cost: (this.#memory.facts.cost ?? 0) + cost });
  }

  #emit(event: AgentWireEvent): void {
    const { type, ...data } = event;
    this.#memory.emit(type, data);
  }

  /** Forget a call whose answer the model has. Some providers count calls anew in every reply, so its id may come again. */
  #close(id: string): void {
    const { openCalls, tools } = this.#memory;
    const call = openCalls.get(id);
    openCalls.delete(id);
    if (call) tools.forget(call);
  }

  #turnEnded(event: TurnEndedEvent): void {
    const { text, stopReason } = event;
    this.#parts.trouble.turnEnded(event);
    this.#lastTurn = { text, stopReason };
    this.#memory.learn({ turns: this.#memory.facts.turns + 1 });
  }

  /** Take in that the agent is idle. A turn that the model did not answer, or that was interrupted because it was stuck, is not over: it is begun again. */
  #idle(messageIds: readonly string[]): void {
    const { trouble, progress } = this.#parts;
    const { openCalls, outbox } = this.#memory;
    for (const id of [...openCalls.keys()]) this.#close(id);
    if (trouble.rested() || progress.brokeOff) for (const id of messageIds) outbox.durable(id);
    else this.settle(messageIds);
  }
}

/** Give the reason why one more call cannot be taken; undefined when it can. */
function tooMuch({ openCalls, tools }: AgentMemory): string | undefined {
  // The handler of a call that is over for the model may still run, and holds its arguments.
  const held = new Set([...openCalls.values(), ...tools.running]);
  if (held.size >= maxOpenCalls) return tooManyCalls;
  let bytes = 0;
  for (const call of held) bytes += call.bytes;
  return bytes >= maxOpenBytes ? tooManyBytes : undefined;
}

/** pi tells the cost of a reply in US dollars, as the sum of its parts. */
function costOf({ cost }: { readonly cost?: unknown }): number {
  const total = isRecord(cost) ? cost.total : cost;
  return typeof total === "number" && Number.isFinite(total) ? total : 0;
}

/** A reply that was interrupted may be reported with zero for every count. */
function hasTokens(usage: object): boolean {
  return Object.values(usage).some((count) => typeof count === "number" && count > 0);
}
