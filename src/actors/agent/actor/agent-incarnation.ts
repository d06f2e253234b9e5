import { type Context, type ErrorExit, type ExitReason, errorExit } from "../../kernel/index.ts";
import { AgentLostError } from "../errors.ts";
import type { FromAgent, Link, Session } from "../wire/index.ts";
import { AgentFrames } from "./agent-frames.ts";
import type { AgentMessage, Happening, Hello } from "./agent-message.ts";
import { ModelTrouble } from "./agent-model.ts";
import { ProgressWatch } from "./agent-progress.ts";
import { takeIn } from "./agent-resume.ts";
import type { AgentSpec } from "./agent-spec.ts";
import { exitText, type Started, stopPolitely } from "./agent-start.ts";

/** How often a suspect agent is probed before it is given up. */
const maxProbes = 4;
/** How often an agent may refuse one message before it is taken for broken. */
const maxRefusals = 5;
const firstRetryMs = 1_000;
/** How long its tools may run before it is shown as waiting. */
const slowToolMs = 5_000;

/** One life of an agent, from its first hello to its end. */
export class Incarnation {
  readonly #spec: AgentSpec;
  readonly #context: Context<AgentMessage>;
  readonly #start: Started;
  readonly #frames: AgentFrames;
  readonly #trouble: ModelTrouble;
  readonly #progress: ProgressWatch;
  /** The session that it goes on with, until its first hello is taken in. */
  #resumed: Session | undefined;
  /** The link whose hello is taken in. */
  #link: Link | undefined;
  #isPaused = false;
  #hasExited = false;
  #probes = 0;

  constructor(spec: AgentSpec, context: Context<AgentMessage>, start: Started) {
    this.#spec = spec;
    this.#context = context;
    this.#start = start;
    this.#resumed = spec.memory.session;
    this.#trouble = new ModelTrouble(spec, context);
    this.#progress = new ProgressWatch(spec, context, {
      isExcused: () => this.#isExcused,
      interrupt: () => start.wire.send({ type: "interrupt" }),
    });
    const { memory } = spec;
    const [trouble, progress] = [this.#trouble, this.#progress];
    this.#frames = new AgentFrames({ memory, wire: start.wire, trouble, progress });
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
    const { wire, launched } = this.#start;
    if (message.type === "tools-changed") wire.sendTools();
    if (message.type === "interrupt") this.#interrupt();
    if (message.type === "attach") message.reply.send(launched.attach(message));
    if (message.type === "grace-over") this.#probe();
    if (message.type === "retry-delivery") this.#isPaused = false;
    if (message.type === "tool-slow") this.#frames.toolIsSlow();
    if (message.type === "model-retry") this.#trouble.retry();
    if (message.type === "progress-due") this.#progress.due();
    if (message.type === "happened" && message.epoch === this.#context.epoch) {
      this.#happened(message.what);
    }
    this.#deliver();
    return this;
  }

  /** What it does now has a limit of its own, or is not its doing. */
  get #isExcused(): boolean {
    const { tools, state } = this.#spec.memory;
    return tools.running.length > 0 || this.#trouble.isWaiting || state === "suspect";
  }

  /** A turn that waits to be begun again is broken off by not beginning it. */
  #interrupt(): void {
    this.#start.wire.send({ type: "interrupt" });
    if (!this.#trouble.isWaiting) return;
    this.#trouble.callOff();
    this.#frames.settle([]);
  }

  async terminate(reason: ExitReason): Promise<void> {
    if (reason.type === "error") this.#crash(reason);
    else await this.#stop(reason);
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
    // The next incarnation goes on in the same terminal: whoever looks at it stays.
    if (this.#hasExited) memory.leftover = this.#start.launched;
  }

  #happened(what: Happening): void {
    if (what.type === "linked") this.#linked(what.link, what.hello);
    if (what.type === "frame") this.#frame(what.frame);
    if (what.type === "unlinked") this.#unlinked();
    if (what.type === "probed" && !what.alive && !this.#start.wire.isOpen) {
      this.#lose("its process is gone.");
    }
    if (what.type === "harness-exited") {
      this.#hasExited = true;
      this.#lose(`its process ended: ${exitText(what.exit)}`);
    }
  }

  #linked(link: Link, hello: Hello): void {
    const { memory } = this.#spec;
    this.#context.timers.cancel("grace");
    this.#probes = 0;
    this.#link = link;
    takeIn(hello, this.#resumed, memory);
    this.#resumed = undefined;
    this.#start.wire.repeatAnswers();
    if (memory.state === "suspect") this.#unsuspected();
  }

  #unsuspected(): void {
    const { memory } = this.#spec;
    if (this.#trouble.isWaiting) memory.standing.move({ type: "model-waits" });
    else memory.standing.move({ type: memory.busy ? "turn-started" : "settled" });
  }

  #unlinked(): void {
    if (this.#start.wire.isOpen || this.#hasExited) return;
    const { graceMs = 15_000 } = this.#spec;
    this.#context.timers.after("grace", graceMs, { type: "grace-over" });
  }

  #probe(): void {
    const { memory, graceMs = 15_000 } = this.#spec;
    if (this.#start.wire.isOpen) return;
    this.#probes += 1;
    if (this.#probes > maxProbes) this.#lose("its process lives, but its link did not come back.");
    if (memory.state !== "suspect") memory.standing.move({ type: "suspected" }, "its link is lost");
    this.#context.timers.after("grace", graceMs, { type: "grace-over" });
    this.#start.launched.alive().then(
      (alive) => this.#tell({ type: "probed", alive }),
      // Nobody can tell: the machine does not answer. The next probe, or its own actor, decides.
      () => {},
    );
  }

  #frame(frame: FromAgent): void {
    if (frame.type === "refused") this.#refused(frame.id, frame.reason);
    if (frame.type === "call") {
      this.#context.timers.after("tool-slow", slowToolMs, { type: "tool-slow" });
    }
    this.#frames.take(frame);
    if (frame.type === "event") this.#progress.happened(frame.event);
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

  #lose(why: string): void {
    const error = new AgentLostError(`${this.#spec.path} is lost: ${why}`);
    // Where this was found out says nothing about why.
    this.#context.exit({ ...errorExit(error, "lost"), stack: undefined });
  }

  #tell(what: Happening): void {
    const { self, epoch } = this.#context;
    self.send({ type: "happened", epoch, what });
  }
}
