import { type Context, type ErrorExit, type ExitReason, errorExit } from "../../kernel/index.ts";
import { AgentLostError } from "../errors.ts";
import type { Conversation, Link } from "../wire/index.ts";
import { AgentFrames } from "./agent-frames.ts";
import type { AgentMessage, Happening, HelloFrame } from "./agent-message.ts";
import { ModelTrouble } from "./agent-model.ts";
import { ProgressWatch } from "./agent-progress.ts";
import { takeIn } from "./agent-resume.ts";
import type { AgentSpec } from "./agent-spec.ts";
import { exitText, type Started, stopPolitely } from "./agent-start.ts";

/** The number of probes of a suspect agent before it counts as lost. */
const maxProbes = 4;
/** The number of times that an agent may refuse one message before it counts as broken. */
const maxRefusals = 5;
const firstRetryMs = 1_000;
const defaultGraceMs = 15_000;

/** One incarnation of an agent, from its first hello to its end. */
export class Life {
  readonly #spec: AgentSpec;
  readonly #context: Context<AgentMessage>;
  readonly #start: Started;
  readonly #frames: AgentFrames;
  readonly #trouble: ModelTrouble;
  readonly #progress: ProgressWatch;
  /** The conversation to continue, until the first hello says which one it is. */
  #resumed: Conversation | undefined;
  /** The link whose hello is taken in. */
  #link: Link | undefined;
  #isPaused = false;
  #hasExited = false;
  #copying: Promise<void> = Promise.resolve();
  /** A copy that has not begun yet: it holds all that is written until then. */
  #nextCopy: Promise<void> | undefined;
  #probes = 0;

  constructor(spec: AgentSpec, context: Context<AgentMessage>, start: Started) {
    this.#spec = spec;
    this.#context = context;
    this.#start = start;
    this.#resumed = spec.memory.conversation;
    this.#trouble = new ModelTrouble(spec, context);
    this.#progress = new ProgressWatch(spec, context, {
      isExcused: () => this.#isExcused,
      interrupt: () => start.wire.send({ type: "interrupt" }),
    });
    this.#frames = new AgentFrames({
      context,
      memory: spec.memory,
      wire: start.wire,
      trouble: this.#trouble,
      progress: this.#progress,
      keep: () => this.#keep(),
      refused: (id, reason) => this.#refused(id, reason),
    });
  }

  started(): this {
    const { memory, machine } = this.#spec;
    const { hello, launched } = this.#start;
    const { harness, model, session, pid } = hello;
    memory.learn({ harness, model, session: session.id, machine: machine().summary });
    memory.standing.move({ type: "started" });
    memory.emit("started", { harness, model, session: session.id, pid });
    void launched.exited.then((exit) => this.#tell({ type: "harness-exited", exit }));
    return this;
  }

  receive(message: AgentMessage): this {
    this.#take(message);
    this.#deliver();
    return this;
  }

  async terminate(reason: ExitReason): Promise<void> {
    if (reason.type === "error") this.#crash(reason);
    else await this.#stop(reason);
  }

  #take(message: AgentMessage): void {
    switch (message.type) {
      case "deliver":
      case "provider-over":
        // What is due is delivered after each message.
        return;
      case "tools-changed":
        this.#start.wire.sendTools();
        return;
      case "interrupt":
        this.#interrupt();
        return;
      case "attach":
        message.reply.send(this.#start.launched.attach(message));
        return;
      case "grace-over":
        this.#probe();
        return;
      case "retry-delivery":
        this.#isPaused = false;
        return;
      case "tool-slow":
        this.#frames.toolIsSlow();
        return;
      case "model-retry":
        this.#trouble.retry();
        return;
      case "progress-due":
        this.#progress.due();
        return;
      case "happened":
        if (message.epoch === this.#context.epoch) this.#happened(message.what);
        return;
      default:
        message satisfies never;
    }
  }

  #happened(what: Happening): void {
    switch (what.type) {
      case "linked":
        this.#linked(what.link, what.hello);
        return;
      case "frame":
        this.#frames.take(what.frame);
        return;
      case "unlinked":
        this.#unlinked();
        return;
      case "kept":
        this.#spec.memory.outbox.durable(what.id);
        return;
      case "answer-kept":
        this.#spec.memory.outbox.answered(what.messageIds, what.turn);
        return;
      case "probed":
        if (!what.alive && !this.#start.wire.isOpen) this.#lose("its process is gone.");
        return;
      case "harness-exited":
        this.#hasExited = true;
        this.#lose(`its process ended: ${exitText(what.exit)}`);
        return;
      default:
        what satisfies never;
    }
  }

  /** Tell whether the present work has a time limit of its own, or waits for something else. */
  get #isExcused(): boolean {
    const { tools, state } = this.#spec.memory;
    return tools.running.length > 0 || this.#trouble.isWaiting || state === "suspect";
  }

  /** Interrupt the turn. A turn that waits for its model ends here, and is not begun again. */
  #interrupt(): void {
    this.#start.wire.send({ type: "interrupt" });
    if (!this.#trouble.isWaiting) return;
    this.#trouble.callOff();
    this.#frames.settle([]);
  }

  async #stop(reason: ExitReason): Promise<void> {
    const { memory } = this.#spec;
    memory.standing.stopping(this.#context.epoch);
    if (!this.#hasExited) await stopPolitely(this.#start, memory, this.#context.clock);
    memory.exited(reason);
  }

  #crash(reason: ErrorExit): void {
    const { memory } = this.#spec;
    memory.crashing(this.#context.epoch, reason);
    // The next incarnation uses the same terminal, so that a person who looks at it stays.
    if (this.#hasExited) memory.leftover = this.#start.launched;
  }

  #linked(link: Link, hello: HelloFrame): void {
    const { memory } = this.#spec;
    this.#context.timers.cancel("grace");
    this.#probes = 0;
    this.#link = link;
    takeIn(hello, this.#resumed, memory);
    this.#resumed = undefined;
    this.#keep()?.catch(() => {});
    this.#start.wire.repeatAnswers();
    if (memory.state === "suspect") this.#unsuspected();
  }

  #unsuspected(): void {
    const { standing, busy } = this.#spec.memory;
    if (this.#trouble.isWaiting) standing.move({ type: "model-waits" });
    else standing.move({ type: busy ? "turn-started" : "settled" });
  }

  #unlinked(): void {
    if (this.#start.wire.isOpen || this.#hasExited) return;
    const { graceMs = defaultGraceMs } = this.#spec;
    this.#context.timers.after("grace", graceMs, { type: "grace-over" });
  }

  #probe(): void {
    const { memory, graceMs = defaultGraceMs } = this.#spec;
    if (this.#start.wire.isOpen) return;
    this.#probes += 1;
    if (this.#probes > maxProbes) this.#lose("its process lives, but its link did not come back.");
    if (memory.state !== "suspect") memory.standing.move({ type: "suspected" }, "its link is lost");
    this.#context.timers.after("grace", graceMs, { type: "grace-over" });
    this.#start.launched.alive().then(
      (alive) => this.#tell({ type: "probed", alive }),
      // The machine does not answer, so nobody knows. The next probe, or the machine's actor, decides.
      () => {},
    );
  }

  #refused(id: string, reason: string): void {
    const refusals = this.#spec.memory.outbox.refused(id);
    if (refusals === 0) return;
    if (refusals >= maxRefusals) this.#lose(`it refused a message ${refusals} times: ${reason}`);
    this.#isPaused = true;
    this.#context.timers.after("retry", firstRetryMs * refusals, { type: "retry-delivery" });
  }

  #deliver(): void {
    const { wire } = this.#start;
    const { outbox } = this.#spec.memory;
    if (this.#isPaused || !wire.isOn(this.#link) || !outbox.isReady) return;
    if (this.#trouble.holdsDelivery()) return;
    for (let entry = outbox.take(); entry; entry = outbox.take()) {
      wire.send({ type: "send", id: entry.id, text: entry.text, deliver: entry.deliver });
    }
  }

  /** Copy the conversation to this host, one copy after the other. */
  #keep(): Promise<void> | undefined {
    const { launched } = this.#start;
    if (launched.keep === undefined) return undefined;
    this.#nextCopy ??= this.#copying.then(async () => {
      this.#nextCopy = undefined;
      const { conversation } = this.#spec.memory;
      if (conversation) await launched.keep?.(conversation);
    });
    this.#copying = this.#nextCopy.catch(() => {});
    return this.#nextCopy;
  }

  #lose(why: string): void {
    const error = new AgentLostError(`${this.#spec.path} is lost: ${why}`);
    // The stack says where the loss was noticed, which explains nothing.
    this.#context.exit({ ...errorExit(error, "lost"), stack: undefined });
  }

  #tell(what: Happening): void {
    const { self, epoch } = this.#context;
    self.send({ type: "happened", epoch, what });
  }
}
