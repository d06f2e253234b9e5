import { checkOptions } from "../../../options.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { StoppedError } from "../../kernel/index.ts";
import { AgentStartError } from "../errors.ts";
import {
  type AgentConnection,
  AgentEnd,
  type ConnectionEvents,
  type FromAgent,
  type Harness,
  type HarnessExit,
  type Launched,
  type LaunchSpec,
  protocolVersion,
  type ToAgent,
} from "../wire/index.ts";
import { ScriptedActor } from "./actor.ts";
import { InterruptedError, type ScriptedAgent, ScriptedSession } from "./agent.ts";

/**
 * The script of an agent, played in place of a model.
 *
 * Called once when the agent starts. What it throws ends the agent as a crash would. When it
 * returns, the agent stays, and it is called again for the next message.
 */
export type Script = (agent: ScriptedAgent) => Promise<void> | void;

/** One script for all agents, or one by each agent's name. */
export type Scripts = Script | Readonly<Record<string, Script>>;

export interface ScriptedHarnessOptions {
  /** The clock of `sleep`. Default: the run's clock. */
  readonly clock?: Clock | undefined;
  /** The model that it says it has; null: it says that none is configured. Default: `scripted/model`. */
  readonly model?: string | null | undefined;
}

/**
 * Make a harness whose agents are scripts in this process: no pi, no tmux, no socket, no model.
 *
 * A script for every agent, or one by each agent's name.
 *
 * @example
 * scriptedHarness({
 *   worker: async (agent) => {
 *     for await (const message of agent.messages) {
 *       await agent.call("finish", { summary: message.text });
 *       agent.say("done");
 *     }
 *   },
 * });
 */
export function scriptedHarness(script: Scripts, options: ScriptedHarnessOptions = {}): Harness {
  checkOptions<ScriptedHarnessOptions>("scriptedHarness()", options, {
    clock: "object",
    model: "any",
  });
  const sessions = new Map<string, ScriptedSession>();
  return {
    kind: "scripted",
    launch: async (spec) => {
      spec.signal.throwIfAborted();
      return new ScriptedProcess(spec, scriptOf(script, spec.path), { ...options, sessions });
    },
  };
}

function scriptOf(script: Scripts, path: string): Script {
  if (typeof script === "function") return script;
  const name = path.split("/").at(-1) ?? "";
  const found = Object.hasOwn(script, name) ? script[name] : undefined;
  if (found) return found;
  const names = Object.keys(script).join(", ");
  throw new AgentStartError(`There is no script for ${path}; there are scripts for: ${names}.`);
}

interface ScriptedProcessOptions extends ScriptedHarnessOptions {
  /** The conversations of all agents of the harness, by session id. */
  readonly sessions: Map<string, ScriptedSession>;
}

const reconnectMs = 100;

/** A scripted agent that was launched. */
class ScriptedProcess implements Launched {
  readonly exited: Promise<HarnessExit>;
  readonly #spec: LaunchSpec;
  readonly #script: Script;
  readonly #options: ScriptedProcessOptions;
  readonly #clock: Clock;
  readonly #session: ScriptedSession;
  readonly #actor: ScriptedActor;
  readonly #life = new AbortController();
  #exit: (exit: HarnessExit) => void = () => {};
  readonly #link: AgentEnd<FromAgent>;
  #isPlaying = false;

  constructor(spec: LaunchSpec, script: Script, options: ScriptedProcessOptions) {
    this.#spec = spec;
    this.#script = script;
    this.#options = options;
    this.#clock = options.clock ?? spec.clock ?? systemClock;
    const old = spec.resume && options.sessions.get(spec.resume.id);
    this.#session = old ?? new ScriptedSession();
    options.sessions.set(this.#session.id, this.#session);
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.#actor = new ScriptedActor({
      spec,
      clock: this.#clock,
      session: this.#session,
      resumed: old !== undefined,
      signal: this.#life.signal,
      send: (frame) => this.#link.send(frame),
      cutLink: (ms) => this.#link.cut(ms),
    });
    this.#link = this.#newLink();
    this.#link.open();
  }

  async alive(): Promise<boolean> {
    return !this.#life.signal.aborted;
  }

  attach(): readonly string[] {
    return ["echo", `${this.#spec.path} is a script and has no terminal.`];
  }

  async stop(): Promise<void> {
    this.#end({ signal: "SIGTERM", detail: "" });
  }

  async kill(): Promise<void> {
    this.#end({ signal: "SIGKILL", detail: "" });
  }

  #newLink(): AgentEnd<FromAgent> {
    return new AgentEnd<FromAgent>({
      dial: (events) => this.#dialed(events),
      hello: () => this.#hello(),
      received: (frame) => this.#received(frame),
      welcomed: () => this.#welcomed(),
      lost: () => {},
      dismissed: () => {},
      later: (delayMs, callback) => {
        const timer = this.#clock.setTimer(delayMs, callback);
        return () => timer.cancel();
      },
      retryMs: () => reconnectMs,
    });
  }

  #dialed(events: ConnectionEvents): AgentConnection<FromAgent> {
    let isOpen = true;
    const closed = (code: number): void => {
      if (isOpen) events.closed(code);
      isOpen = false;
    };
    const link = this.#spec.door.connect(events.received, closed);
    const close = (code: number): void => {
      link.close();
      closed(code);
    };
    return {
      get isOpen() {
        return isOpen;
      },
      send: (frame) => link.send(frame),
      close,
      cut: () => close(1006),
    };
  }

  #hello(): FromAgent {
    const { token, path, epoch, model: asked } = this.#spec;
    const { model = "scripted/model" } = this.#options;
    return {
      type: "hello",
      protocol: protocolVersion,
      token,
      path,
      epoch,
      harness: "scripted",
      pid: process.pid,
      capabilities: { liveTools: true, settled: true },
      session: { id: this.#session.id },
      model: model === null ? undefined : (asked ?? model),
      modelReady: model !== null,
      durable: this.#session.messageIds,
    };
  }

  #received(frame: ToAgent): void {
    this.#actor.received(frame);
    if (frame.type === "shutdown") this.#leave();
  }

  #welcomed(): void {
    this.#actor.repeatCalls();
    if (!this.#isPlaying) void this.#play();
  }

  /** Never rejects: whatever the script throws is the end of the agent. */
  async #play(): Promise<void> {
    this.#isPlaying = true;
    try {
      while (!this.#life.signal.aborted) await this.#playOnce();
    } catch (error) {
      if (error instanceof StoppedError && this.#life.signal.aborted) return;
      const detail = error instanceof Error ? error.message : String(error);
      this.#end({ exitCode: 1, detail });
    }
  }

  async #playOnce(): Promise<void> {
    const { taken } = this.#actor;
    try {
      await this.#script(this.#actor);
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
    }
    this.#actor.endTurn();
    await this.#actor.arrival();
    // A script that asks for no messages would leave them waiting for ever.
    if (this.#actor.taken === taken) await this.#actor.next();
  }

  #leave(): void {
    this.#actor.endTurn();
    this.#link.send({ type: "bye", reason: "quit" });
    this.#end({ exitCode: 0, detail: "" });
  }

  #end(exit: HarnessExit): void {
    if (this.#life.signal.aborted) return;
    void this.#link.close("quit");
    this.#life.abort(new StoppedError(this.#spec.path));
    this.#exit(exit);
  }
}
