import {
  type AgentWireEvent,
  BadFrameError,
  closeCodes,
  type FromAgent,
  protocolVersion,
  type ToAgent,
} from "../../wire/index.ts";
import {
  lastStopReason,
  modelOf,
  TokenReport,
  toolEnded,
  toolStarted,
  turnEnded,
  usageOf,
  userMessage,
} from "./events.ts";
import { atLeast, type LaunchFacts } from "./facts.ts";
import { ExtensionLink } from "./link.ts";
import { AgentMailroom } from "./mailroom.ts";
import {
  later,
  type Pi,
  type PiContext,
  type PiEvent,
  type PiMessage,
  textOfMessage,
} from "./pi.ts";
import { ProviderEar } from "./provider.ts";
import { Rest } from "./rest.ts";
import { Ledger } from "./session.ts";
import { ExtensionTools } from "./tools.ts";

/** The handlers of pi's events, by the names of the events. */
export type PiHandlers = Readonly<Record<string, (event: PiEvent) => unknown>>;

const compactMargin = 20_000;

/** One conversation of pi, spoken for to the runtime. A `/new` or `/reload` ends it and begins another. */
export class ExtensionAgent {
  readonly #pi: Pi;
  readonly #context: PiContext;
  readonly #facts: LaunchFacts;
  readonly #link: ExtensionLink;
  readonly #tools: ExtensionTools;
  readonly #mailroom: AgentMailroom;
  readonly #ledger: Ledger;
  readonly #rest: Rest;
  readonly #ear = new ProviderEar((answer) => this.#rest.answered(answer));
  readonly #tokens = new TokenReport(later, (pieces) => this.#tell({ type: "tokens", pieces }));
  readonly #origins = new Map<string, string>();
  #answering: string[] = [];
  #lastAnswered: readonly string[] = [];
  #nudged = false;
  #running = false;
  #replaces = false;

  constructor(pi: Pi, context: PiContext, facts: LaunchFacts) {
    this.#pi = pi;
    this.#context = context;
    this.#facts = facts;
    this.#link = new ExtensionLink(facts, {
      hello: () => this.#hello(),
      received: (frame) => this.#received(frame),
      welcomed: (again) => this.#welcomed(again),
      lost: () => this.#status("runtime lost, trying again"),
      dismissed: (code) => this.#dismissed(code),
    });
    this.#tools = new ExtensionTools(pi, (frame) => this.#link.send(frame));
    this.#mailroom = this.#makeMailroom();
    this.#rest = this.#makeRest();
    this.#ledger = new Ledger({
      pi,
      context,
      later,
      report: (id) => this.#say({ type: "durable", id }),
    });
    for (const id of this.#ledger.durable()) this.#mailroom.knows(id);
  }

  /** Begin to speak; `replaces` is true when another session of this pi was spoken for before. */
  open(replaces: boolean): void {
    this.#replaces = replaces;
    this.#ear.open();
    this.#link.open();
  }

  /** The handlers of pi's events. */
  readonly handlers: PiHandlers = {
    input: ({ text, source }) => void this.#origins.set(text ?? "", source ?? "interactive"),
    before_agent_start: ({ systemPrompt }) => this.#systemPrompt(systemPrompt ?? ""),
    agent_start: () => this.#runStarted(),
    agent_end: ({ messages }) => this.#runEnded(messages),
    agent_settled: () => this.#rest.settled(),
    turn_start: () => this.#turnStarted(),
    turn_end: ({ message }) => this.#tell(turnEnded(message, this.#ear)),
    message_update: () => this.#tokens.came(),
    message_start: ({ message }) => this.#messageStarted(message),
    message_end: ({ message }) => this.#messageEnded(message),
    tool_execution_start: (event) => this.#tell(toolStarted(event)),
    tool_execution_end: (event) => this.#tell(toolEnded(event)),
    session_before_compact: ({ signal }) => this.#rest.compacting(signal),
    session_compact: () => this.#rest.compacted(),
    session_compact_failed: () => this.#rest.compacted(),
    model_select: () => this.#tell({ type: "model-changed", ...modelOf(this.#context) }),
    session_shutdown: ({ reason }) => this.#ended(reason ?? "quit"),
  };

  #makeMailroom(): AgentMailroom {
    return new AgentMailroom({
      later,
      isIdle: () => this.#context.isIdle(),
      hasPending: () => this.#context.hasPendingMessages(),
      inject: (text, deliver) =>
        this.#pi.sendUserMessage(text, { deliverAs: deliver === "steer" ? "steer" : "followUp" }),
      nudge: () => this.#nudge(),
      returned: (text) => this.#clearEditor(text),
      report: (frame) => this.#say(frame),
    });
  }

  #makeRest(): Rest {
    const { retries, harnessVersion } = this.#facts;
    const host = {
      later,
      isIdle: () => this.#context.isIdle(),
      mayCompact: () => this.#mayCompact(),
      unsure: () => this.#mailroom.hold(true),
      resting: () => this.#resting(),
    };
    return new Rest(host, { retries, settles: atLeast(harnessVersion, "0.80.4") });
  }

  #hello(): FromAgent {
    const { token, path, epoch, harnessVersion } = this.#facts;
    const { sessionManager } = this.#context;
    const { model, ready } = modelOf(this.#context);
    return {
      type: "hello",
      protocol: protocolVersion,
      token,
      path,
      epoch,
      harness: "pi",
      harnessVersion,
      pid: process.pid,
      capabilities: {
        liveTools: atLeast(harnessVersion, "0.80.3"),
        settled: atLeast(harnessVersion, "0.80.4"),
      },
      session: { id: sessionManager.getSessionId(), file: sessionManager.getSessionFile() },
      model,
      modelReady: ready,
      durable: this.#ledger.durable(),
    };
  }

  #received(frame: ToAgent): void {
    switch (frame.type) {
      case "welcome":
        // The link has dealt with it.
        return;
      case "tools":
        this.#tools.set(frame.tools);
        return;
      case "send":
        this.#mailroom.push(frame);
        return;
      case "progress":
        this.#tools.progress(frame.id, frame.text);
        return;
      case "result":
        this.#tools.result(frame);
        return;
      case "interrupt":
        this.#interrupt();
        return;
      case "shutdown":
        this.#shutdown();
        return;
      case "ping":
        this.#say({ type: "pong", id: frame.id });
        return;
      default:
        frame satisfies never;
    }
  }

  #welcomed(again: boolean): void {
    this.#status(this.#facts.path);
    this.#tools.repeat();
    if ((again || this.#replaces) && !this.#running)
      this.#tell({ type: "idle", messageIds: this.#lastAnswered });
  }

  #dismissed(code: number): void {
    this.#status("let go by the runtime");
    if (code !== closeCodes.replaced) this.#shutdown();
  }

  #interrupt(): void {
    this.#mailroom.look();
    this.#context.abort();
    this.#mailroom.unpark();
  }

  #shutdown(): void {
    if (!this.#context.isIdle()) this.#context.abort();
    this.#context.shutdown();
  }

  async #ended(reason: string): Promise<void> {
    this.#rest.stop();
    this.#ear.close();
    if (reason === "quit") this.#say({ type: "bye", reason });
    else this.#tell({ type: "session-replaced", reason });
    await this.#link.close(reason);
  }

  #systemPrompt(systemPrompt: string): { readonly systemPrompt: string } | undefined {
    const ours = this.#facts.systemPrompt;
    return ours ? { systemPrompt: `${systemPrompt}\n\n${ours}` } : undefined;
  }

  #runStarted(): void {
    this.#running = true;
    this.#nudged = false;
    this.#rest.started();
    this.#mailroom.hold(false);
  }

  /** Take in that a run ended. After a failure of the model, the runtime decides when the model is asked again. */
  #runEnded(messages: readonly PiMessage[] | undefined): void {
    const stopReason = lastStopReason(messages);
    if (stopReason === "error") this.#mailroom.park();
    else this.#mailroom.unpark();
    this.#rest.ended(stopReason);
  }

  #turnStarted(): void {
    this.#ear.forget();
    this.#tell({ type: "turn-started" });
  }

  #resting(): void {
    if (this.#running) {
      this.#running = false;
      this.#lastAnswered = this.#answering;
      this.#answering = [];
      this.#tools.tellActive();
      this.#tell({ type: "idle", messageIds: this.#lastAnswered });
    }
    this.#mailroom.rested();
  }

  #messageStarted(message: PiMessage | undefined): void {
    if (message?.role !== "user") return;
    const text = textOfMessage(message);
    const id = this.#mailroom.started(text);
    if (id === undefined) return;
    this.#answering.push(id);
    this.#ledger.started(id, text);
  }

  #messageEnded(message: PiMessage | undefined): { readonly message: PiMessage } | undefined {
    if (!message) return undefined;
    this.#tokens.ended();
    const text = textOfMessage(message);
    const ours = this.#ledger.ended(message, text);
    if (message.role === "user") {
      this.#tell(
        userMessage(text, ours ? "extension" : (this.#origins.get(text) ?? "interactive")),
      );
      this.#origins.clear();
    }
    const usage = message.role === "assistant" ? usageOf(message) : undefined;
    if (usage) this.#tell(usage);
    return ours && { message: ours };
  }

  /** Clear the editor. An interrupt puts the texts of pi's queue into the editor, where a person might send them again. */
  #clearEditor(text: string): void {
    const { ui } = this.#context;
    if (ui.getEditorText?.() === text) ui.setEditorText?.("");
  }

  #nudge(): void {
    if (this.#nudged) return;
    this.#nudged = true;
    later(2_000, () => {
      this.#nudged = false;
    });
    const content = "(A message that waited follows.)";
    const message = { customType: "ramure-nudge", content, display: false };
    this.#pi.sendMessage(message, { triggerTurn: true });
  }

  #mayCompact(): boolean {
    const usage = this.#context.getContextUsage?.();
    return !!usage && (usage.tokens ?? 0) > usage.contextWindow - compactMargin;
  }

  #tell(event: AgentWireEvent): void {
    this.#say({ type: "event", event });
  }

  /** Send a frame. Telemetry that the runtime would not take is dropped, and the link stays. */
  #say(frame: FromAgent): void {
    try {
      this.#link.send(frame);
    } catch (error) {
      if (!(error instanceof BadFrameError)) throw error;
    }
  }

  #status(text: string): void {
    this.#context.ui.setStatus("ramure", `ramure: ${text}`);
  }
}
