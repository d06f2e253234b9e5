import { strict as assert } from "node:assert";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../../../machines/machine.ts";
import { systemClock } from "../../clock.ts";
import { type Limits, waiting, within } from "../../wait.ts";
import type { Bridge } from "../bridge/index.ts";
import type {
  AgentWireEvent,
  CallFrame,
  Conversation,
  Deliver,
  FromAgent,
  Harness,
  Launched,
  LaunchSpec,
  Link,
  LinkListener,
  ToolDescription,
} from "../wire/index.ts";

/**
 * A harness and its surroundings. Several cases may share one; each launches agents of its own.
 *
 * The model of its agents does what the lines of the newest message say: `!say TEXT`, `!call TOOL JSON`
 * and `!sleep MS`. A line `!next` begins the reply to the results of the calls before it.
 */
export interface HarnessSubject {
  readonly harness: Harness;
  readonly machine: Machine;
  readonly bridge: Bridge;
  /** The id of the run that the agents belong to. */
  readonly run: string;
  /** A private directory of this host. Each case makes one in it for its agent. */
  readonly dir: string;
}

/** One thing that every harness must hold. */
export interface HarnessCase {
  readonly title: string;
  /** Launches an agent, tries it and ends it. Throws when the harness does not conform. */
  run(): Promise<void>;
}

/** The places to launch agents of one case. */
export interface HarnessBench {
  readonly subject: HarnessSubject;
  /** Launch an agent; without options the first epoch of the case's own one. */
  launch(options?: LaunchChoice): Promise<TriedAgent>;
}

export interface LaunchChoice {
  readonly epoch?: number | undefined;
  readonly resume?: Conversation | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type HarnessTrial = (bench: HarnessBench) => Promise<void>;

/** The time that a case waits for one event. */
const patienceMs = 60_000;

let launches = 0;

/** Run one trial, and end every agent that it launched. */
export async function onHarness(subject: HarnessSubject, trial: HarnessTrial): Promise<void> {
  const { harness, machine, bridge, run, dir } = subject;
  launches += 1;
  const id = `conform-${process.pid}-${launches}`;
  const own = join(dir, id);
  await mkdir(own, { mode: 0o700 });
  const agents: TriedAgent[] = [];
  const launch = async ({ epoch = 1, resume, signal }: LaunchChoice = {}) => {
    const pass = { token: `${id}-${epoch}`, path: `/conformance/${id}`, epoch };
    const agent = new TriedAgent();
    const leave = bridge.admit(pass, agent);
    const spec: LaunchSpec = {
      ...pass,
      id,
      machine,
      door: bridge,
      run,
      dir: own,
      resume,
      signal: signal ?? new AbortController().signal,
    };
    agent.launched = await harness.launch(spec);
    agent.leave = leave;
    agents.push(agent);
    return agent;
  };
  try {
    await trial({ subject, launch });
  } finally {
    for (const agent of agents.reverse()) {
      await agent.launched?.stop();
      agent.leave();
    }
  }
}

type Heard =
  | { readonly type: "opened"; readonly hello: Extract<FromAgent, { type: "hello" }> }
  | { readonly type: "frame"; readonly frame: FromAgent }
  | { readonly type: "closed"; readonly code: number };

/** The runtime's side of one agent: it writes down everything that the agent says. */
export class TriedAgent implements LinkListener {
  launched: Launched | undefined;
  /** Shut the agent out of the door. */
  leave: () => void = () => {};
  readonly #heard: Heard[] = [];
  readonly #listeners = new Set<() => void>();
  #link: Link | undefined;
  #messages = 0;

  opened(link: Link, hello: Extract<FromAgent, { type: "hello" }>): void {
    this.#link = link;
    this.#add({ type: "opened", hello });
  }

  received(_link: Link, frame: FromAgent): void {
    this.#add({ type: "frame", frame });
  }

  closed(link: Link, code: number): void {
    if (this.#link === link) this.#link = undefined;
    this.#add({ type: "closed", code });
  }

  /** The harness's word on its process. */
  get process(): Launched {
    assert.ok(this.launched, "the agent was launched");
    return this.launched;
  }

  get link(): Link {
    assert.ok(this.#link, "the agent has a link");
    return this.#link;
  }

  /** Resolves with the hello number `count`, counted from 1. */
  hello(count = 1): Promise<Extract<FromAgent, { type: "hello" }>> {
    return this.#first(`hello ${count}`, () => {
      const hellos = this.#heard.flatMap((one) => (one.type === "opened" ? [one.hello] : []));
      return hellos[count - 1];
    });
  }

  /** Resolves with the close code of the link that closes first. */
  closeCode(): Promise<number> {
    return this.#first("the end of its link", () => {
      const [code] = this.#heard.flatMap((one) => (one.type === "closed" ? [one.code] : []));
      return code;
    });
  }

  /** Every frame so far that is one of `pick`. */
  frames<Picked>(pick: (frame: FromAgent) => Picked | undefined): readonly Picked[] {
    return this.#heard.flatMap((one) => {
      const picked = one.type === "frame" ? pick(one.frame) : undefined;
      return picked === undefined ? [] : [picked];
    });
  }

  /** Resolves with the frame number `count` of those that `pick` gives. */
  frame<Picked>(
    what: string,
    pick: (frame: FromAgent) => Picked | undefined,
    count = 1,
  ): Promise<Picked> {
    return this.#first(what, () => this.frames(pick)[count - 1]);
  }

  /** Give the agent tools, and wait until the model has them. */
  async tools(...names: readonly string[]): Promise<void> {
    await this.hello();
    this.link.send({ type: "tools", tools: names.map(described) });
    await this.frame(`the tools ${names.join(", ")}`, (frame) =>
      frame.type === "tools-active" && names.every((name) => frame.names.includes(name))
        ? frame
        : undefined,
    );
  }

  /** Send a message. Returns its id. */
  async send(text: string, options: SendChoice = {}): Promise<string> {
    await this.hello();
    this.#messages += 1;
    const { id = `m${this.#messages}-${Math.random().toString(36).slice(2)}` } = options;
    this.link.send({ type: "send", id, text, deliver: options.deliver ?? "follow-up" });
    return id;
  }

  /** Resolves when the conversation has the message for good. */
  async durable(id: string): Promise<void> {
    await this.frame(`durable ${id}`, (frame) =>
      frame.type === "durable" && frame.id === id ? frame : undefined,
    );
  }

  /** Resolves when no turn runs and this message is answered. */
  async answered(id: string): Promise<void> {
    await this.frame(`the idle that answers ${id}`, (frame) => {
      const event = eventIn(frame);
      return event?.type === "idle" && event.messageIds.includes(id) ? event : undefined;
    });
  }

  call(tool: string, count = 1): Promise<CallFrame> {
    const pick = (frame: FromAgent): CallFrame | undefined =>
      frame.type === "call" && frame.tool === tool ? frame : undefined;
    return this.frame(`call ${count} of ${tool}`, pick, count);
  }

  /** The texts of the user's side that the harness began to answer, first lines only. */
  get said(): readonly string[] {
    return this.frames((frame) => {
      const event = eventIn(frame);
      return event?.type === "message" && event.role === "user"
        ? event.text.split("\n")[0]
        : undefined;
    });
  }

  /** The turns that have ended so far. */
  get turns(): readonly Extract<AgentWireEvent, { type: "turn-ended" }>[] {
    return this.frames((frame) => {
      const event = eventIn(frame);
      return event?.type === "turn-ended" ? event : undefined;
    });
  }

  async exited(): Promise<void> {
    await within(this.process.exited, this.#limits("the end of its process"));
  }

  #add(heard: Heard): void {
    this.#heard.push(heard);
    for (const listener of [...this.#listeners]) listener();
  }

  #first<Value>(what: string, find: () => Value | undefined): Promise<Value> {
    return waiting<Value>(this.#limits(what), ({ resolve }) => {
      const look = (): void => {
        const value = find();
        if (value !== undefined) resolve(value);
      };
      this.#listeners.add(look);
      look();
      return () => this.#listeners.delete(look);
    });
  }

  #limits(what: string): Limits {
    const expired = (ms: number): Error => {
      const heard = this.#heard.map((one) => JSON.stringify(one)).join("\n");
      return new Error(`${what} did not come within ${ms} ms; heard:\n${heard}`);
    };
    return { clock: systemClock, timeoutMs: patienceMs, expired };
  }
}

interface SendChoice {
  readonly id?: string | undefined;
  readonly deliver?: Deliver | undefined;
}

/** Give the event that a frame carries. */
export function eventIn(frame: FromAgent): AgentWireEvent | undefined {
  return frame.type === "event" ? frame.event : undefined;
}

function described(name: string): ToolDescription {
  const parameters = { type: "object", properties: { n: { type: "number" } } };
  return { name, description: `The tool ${name}.`, parameters };
}
