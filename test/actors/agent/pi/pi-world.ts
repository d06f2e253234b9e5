import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../../../package.json" with { type: "json" };
import { buildExtension } from "../../../../scripts/build/extension.ts";
import { type Bridge, openBridge } from "../../../../src/actors/agent/bridge/bridge.ts";
import { type PiOptions, piHarness } from "../../../../src/actors/agent/pi/harness.ts";
import {
  type ModelScript,
  type ScriptedModel,
  scriptedModel,
} from "../../../../src/actors/agent/scripted/model.ts";
import type {
  Harness,
  Launched,
  LaunchSpec,
  Link,
} from "../../../../src/actors/agent/wire/harness.ts";
import type {
  Conversation,
  FromAgent,
  ToolDescription,
} from "../../../../src/actors/agent/wire/protocol.ts";
import { LocalImage } from "../../../../src/machines/local/local.ts";
import { findMarked } from "../../../../src/machines/local/processes.ts";
import type { Machine } from "../../../../src/machines/machine.ts";
import { Ears } from "../bridge/bridge-world.ts";
import type { Hello } from "../wire/frame-samples.ts";

/** The pi that is to be found here: `npm run test:pi-latest` names another one than the dev dependency. */
export const piVersion =
  process.env.RAMURE_TEST_PI ?? manifest.devDependencies["@earendil-works/pi-coding-agent"];

type EventFrame = Extract<FromAgent, { type: "event" }>;
type WireEvent = EventFrame["event"];
type Call = Extract<FromAgent, { type: "call" }>;

/** One incarnation of a real pi: what it says, and how to speak to it. */
export class PiAgent {
  readonly launched: Launched;
  readonly ears: Ears;
  readonly leave: () => void;
  #counter = 0;

  constructor(launched: Launched, ears: Ears, leave: () => void) {
    this.launched = launched;
    this.ears = ears;
    this.leave = leave;
  }

  async hello(): Promise<Hello> {
    return (await this.ears.opens.first()).hello;
  }

  async link(): Promise<Link> {
    await this.ears.opens.first();
    const newest = this.ears.opens.items.at(-1);
    if (!newest) throw new Error("no link");
    return newest.link;
  }

  async tools(...tools: readonly ToolDescription[]): Promise<readonly string[]> {
    const link = await this.link();
    const before = this.ears.frames.items.length;
    link.send({ type: "tools", tools });
    const active = await this.ears.frames.first(
      (frame) => frame.type === "tools-active" && this.ears.frames.items.indexOf(frame) >= before,
    );
    return active.type === "tools-active" ? active.names : [];
  }

  async send(text: string, deliver: "follow-up" | "steer" = "follow-up", id = ""): Promise<string> {
    const messageId = id || `m${++this.#counter}`;
    (await this.link()).send({ type: "send", id: messageId, text, deliver });
    return messageId;
  }

  async heard<Type extends FromAgent["type"]>(type: Type, id: string): Promise<void> {
    await this.ears.frames.first(
      (frame) => frame.type === type && "id" in frame && frame.id === id,
    );
  }

  async call(tool: string): Promise<Call> {
    const frame = await this.ears.frames.first((one) => one.type === "call" && one.tool === tool);
    if (frame.type !== "call") throw new Error("unreachable");
    return frame;
  }

  async event<Type extends WireEvent["type"]>(
    type: Type,
    is: (event: Extract<WireEvent, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<WireEvent, { type: Type }>> {
    const of = (frame: FromAgent) =>
      frame.type === "event" && frame.event.type === type
        ? (frame.event as Extract<WireEvent, { type: Type }>)
        : undefined;
    const fits = (frame: FromAgent) => {
      const event = of(frame);
      return event !== undefined && is(event);
    };
    return of(await this.ears.frames.first(fits)) as Extract<WireEvent, { type: Type }>;
  }

  /** The idle that answers this message. */
  answered(id: string) {
    return this.event("idle", ({ messageIds }) => messageIds.includes(id));
  }
}

export interface PiWorld extends AsyncDisposable {
  readonly root: string;
  readonly run: string;
  readonly machine: Machine;
  readonly bridge: Bridge;
  readonly harness: Harness;
  readonly model: ScriptedModel;
  launch(options?: LaunchOptions): Promise<PiAgent>;
  /** The processes of the run that live. */
  processes(): Promise<readonly number[]>;
  /** What lies in the directory of the run's sockets. */
  sockets(): Promise<readonly string[]>;
  session(session: Conversation): Promise<readonly Record<string, unknown>[]>;
}

interface LaunchOptions {
  readonly epoch?: number | undefined;
  readonly resume?: Conversation | undefined;
  readonly model?: string | undefined;
  readonly systemPrompt?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface WorldOptions extends PiOptions {
  readonly modelless?: boolean;
  readonly far?: boolean;
  /** Hears of each command on the machine, before it is run. */
  readonly onExec?: (words: string) => void;
}

let worlds = 0;

/** The same machine, but it is not to be seen that its files are this host's. */
function farFrom(machine: Machine): Machine {
  return {
    kind: "far",
    summary: "far away",
    workDir: machine.workDir,
    exec: (command, options) =>
      machine.exec(command.includes("cat") ? ["false"] : command, options),
    writeFile: (...args) => machine.writeFile(...args),
    readFile: (path) => machine.readFile(path),
    stop: () => machine.stop(),
    shell: (command) => machine.shell?.(command) ?? [],
    reach: async (socket) => ({ socket, [Symbol.asyncDispose]: async () => {} }),
    [Symbol.asyncDispose]: () => machine.stop(),
  };
}

/** The same machine, which tells of each command before it is run. */
function toldOf(machine: Machine, onExec: (words: string) => void): Machine {
  const exec: Machine["exec"] = (command, options) => {
    onExec(typeof command === "string" ? command : command.join(" "));
    return machine.exec(command, options);
  };
  return new Proxy(machine, {
    get(target, name) {
      if (name === "exec") return exec;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Everything that a real pi needs: a bridge, a scripted model, a machine, a harness. */
export async function piWorld(script?: ModelScript, options: WorldOptions = {}): Promise<PiWorld> {
  const { far, onExec, modelless, ...own } = options;
  await buildExtension();
  const root = await mkdtemp(join(tmpdir(), "rp-"));
  const run = `test-${process.pid}-${++worlds}`;
  const made = (name: string) => mkdir(join(root, name), { mode: 0o700 });
  await Promise.all(["work", "sockets", "agent", "dir"].map(made));
  const model = await scriptedModel(script ? { script } : {});
  const agentDir = join(root, "agent");
  if (!modelless) await model.agentDir(agentDir);
  const bridge = await openBridge({ socket: join(root, "sockets", "b.sock") });
  const machine = await new LocalImage({ workDir: join(root, "work") }).spawn({
    name: "local",
    signal: new AbortController().signal,
    env: { RAMURE_RUN: run },
  });
  const harness = piHarness({ agentDir, ...own });
  const near = onExec ? toldOf(machine, onExec) : machine;
  const home = far ? farFrom(near) : near;
  const launch = async (chosen: LaunchOptions = {}) => {
    const epoch = chosen.epoch ?? 1;
    const pass = { token: `token-${epoch}`, path: "/run/writer", epoch };
    const ears = new Ears();
    const leave = bridge.admit(pass, ears);
    const spec: LaunchSpec = {
      id: "a1",
      ...pass,
      machine: home,
      door: bridge,
      run,
      dir: join(root, "dir"),
      signal: chosen.signal ?? new AbortController().signal,
      resume: chosen.resume,
      model: chosen.model,
      systemPrompt: chosen.systemPrompt,
    };
    return new PiAgent(await harness.launch(spec), ears, leave);
  };
  return {
    root,
    run,
    machine: home,
    bridge,
    harness,
    model,
    launch,
    processes: async () => ((await findMarked("RAMURE_RUN", run)) ?? []).map(({ pid }) => pid),
    sockets: () => readdir(join(root, "sockets")),
    session: async (session) =>
      (await readFile(session.file ?? "", "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    [Symbol.asyncDispose]: async () => {
      await harness.release?.(home, run);
      await machine.stop();
      await bridge.close();
      await model.close();
      await rm(root, { recursive: true });
    },
  };
}
