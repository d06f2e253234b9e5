import {
  type AgentMemory,
  type AgentMessage,
  type AgentSpec,
  agentBehavior,
  agentSpawnOptions,
  checkMessage,
  type ProgressLimits,
} from "../../actors/agent/actor/index.ts";
import type { Harness } from "../../actors/agent/wire/index.ts";
import { ignore, NoProcError, type Ref, StoppedError } from "../../actors/kernel/index.ts";
import { MisuseError } from "../../errors.ts";
import { UnsupportedError } from "../../machines/errors.ts";
import type { Argv, Image, Machine } from "../../machines/machine.ts";
import {
  type Addressee,
  type Agent,
  causeOf,
  childPolicy,
  orStopped,
  type ProcessScope,
  type RestartPolicy,
  rememberAgent,
  type StartedMachine,
} from "../process/index.ts";
import type { ChildSpec } from "../supervision/index.ts";
import { AgentEntry } from "./agent-entry.ts";
import { AgentHandle } from "./agent-handle.ts";
import { journaledMemory } from "./agent-journal.ts";
import {
  addMachine,
  forgetMember,
  limits,
  type MachineOptions,
  removeMachine,
  shellOf,
  startedMachine,
} from "./machines.ts";
import type { NudgeOptions } from "./nudge.ts";
import { lookAtRest } from "./quiescence.ts";

export interface AgentOptions {
  /** Added to the harness's own system prompt. */
  readonly systemPrompt?: string | undefined;
  /** `provider/id`. Default: what the harness is configured for. */
  readonly model?: string | undefined;
  /** The image of a machine for this agent alone. Default: the process's image, one machine for all its agents. */
  readonly image?: Image | undefined;
  /** A machine that `machine()` gave, to share. Not together with `image`. */
  readonly machine?: Machine | undefined;
  /** The way to launch it. Default: the run's harness. */
  readonly harness?: Harness | undefined;
  /** The first message to the agent. Default: none is sent. */
  readonly prompt?: string | undefined;
  /** The policy that keeps the agent alive. Default: permanent, 20 restarts in 10 min, 1 s doubling to 60 s between them. */
  readonly policy?: RestartPolicy | undefined;
  /** The longest time until its tools are acknowledged and a model is present, in ms. Default: 60_000. */
  readonly startTimeoutMs?: number | undefined;
  /** The times after which the agent counts as stuck, and of each step against that; false: never. Default: after 10 min at work without progress. */
  readonly progress?: ProgressLimits | false | undefined;
  /**
   * Remind the agent, up to 3 times in a row and with growing time between, when it is idle while
   * the process still waits for one of its tools, or for the `tool` named; only then comes
   * `quiescent`. An agent that waits for an answer of another agent is not reminded. That the agent
   * missed a tool is an event `tool-missed {tools}` in any case. Default: the agent is not
   * reminded.
   */
  readonly nudge?: NudgeOptions | boolean | undefined;
}

function nudgeOf({ nudge = false }: AgentOptions): NudgeOptions | undefined {
  if (typeof nudge === "object") return nudge;
  return nudge ? {} : undefined;
}

/** Start an agent as a child of the process, and its machine before it. */
export async function startAgent(
  scope: ProcessScope,
  name: string,
  options: AgentOptions,
  fork?: AgentSpec["fork"],
): Promise<Agent> {
  checkChoices(name, options);
  scope.names.take(name, true);
  const path = `${scope.record.path}/${name}`;
  checkWords(path, options);
  let machine: StartedMachine | undefined;
  try {
    machine = await machineFor(scope, options, addMachine);
    const agent = await addAgent(scope, { name, path, machine, fork }, options);
    if (options.prompt !== undefined) promptSoon(agent, options.prompt);
    return agent;
  } catch (error) {
    await forgetAgent(scope, { name, machine }, options);
    throw causeOf(error);
  }
}

/** Throw MisuseError (`machine-choice`) for an agent that was given two places to live. */
export function checkChoices(
  name: string,
  options: Pick<AgentOptions, "image"> & { readonly machine?: unknown },
): void {
  if (options.image === undefined || options.machine === undefined) return;
  throw new MisuseError(
    "machine-choice",
    `${name} was given an image and a machine; give it the one to make, or the one to share.`,
  );
}

/** Throw for a first message or a model that would be refused later: a program without types finds out here. */
export function checkWords(path: string, { prompt, model }: AgentOptions): void {
  if (prompt !== undefined) checkMessage(path, prompt);
  checkModel(path, model);
}

function checkModel(path: string, model: unknown): void {
  if (model === undefined || (typeof model === "string" && /\S/.test(model))) return;
  throw new MisuseError(
    "model-name",
    `The model of ${path} cannot be ${JSON.stringify(model)}; write it as "provider/id", or leave it out for what the harness is configured for.`,
  );
}

/** After the program's next lines: the tools that it gives right away are there for the first turn. */
export function promptSoon(agent: Agent, prompt: string): void {
  setImmediate(() => {
    // It is refused when the agent has ended: then its end says more than the refusal.
    agent.send(prompt).catch(() => {});
  });
}

export interface Placed {
  readonly name: string;
  readonly path: string;
  readonly machine: StartedMachine;
  /** The conversation to begin with a copy of. */
  readonly fork?: AgentSpec["fork"];
}

async function addAgent(
  scope: ProcessScope,
  placed: Placed,
  options: AgentOptions,
): Promise<Agent> {
  const prepared = await prepareAgent(scope, placed, options);
  const child = await orStopped(scope.supervision.startChild(prepared.spec));
  if (child === ignore) throw new StoppedError(placed.path);
  enlist(scope, prepared);
  return prepared.agent;
}

/** An agent that is going to be a child of the process: its handle, and how it is kept. */
export interface PreparedAgent {
  readonly agent: AgentHandle;
  readonly address: () => Ref<AgentMessage>;
  readonly spec: ChildSpec<AgentMessage>;
}

/** Make all that an agent needs to be started as a child of the process. */
export async function prepareAgent(
  scope: ProcessScope,
  placed: Placed,
  options: AgentOptions,
): Promise<PreparedAgent> {
  const { name, path, machine } = placed;
  const { run, supervision } = scope;
  const memory = journaledMemory(run, path);
  const spec = await specOf(scope, placed, memory, options);
  const entry = new AgentEntry(scope, {
    name,
    memory,
    home: machine,
    nudge: nudgeOf(options),
    lookAtRest: () => lookAtRest(scope),
  });
  const address = (): Ref<AgentMessage> => {
    const found = supervision.address(name);
    if (found === undefined) throw new NoProcError(path);
    return found as Ref<AgentMessage>;
  };
  const agent = new AgentHandle(entry, {
    address,
    restart: async () => {
      await supervision.restartChild(name, { force: true });
    },
    stop: async () => {
      await supervision.terminateChild(name);
    },
    fork: (other) => forkAgent(scope, entry, { dir: spec.dir, options, name: other }),
  });
  rememberAgent(agent, entry);
  return {
    agent,
    address,
    spec: {
      ...agentSpawnOptions,
      ...childPolicy(options.policy ?? {}, limits),
      id: name,
      dependsOn: machine.owner === supervision ? machine.id : undefined,
      start: () => agentBehavior(spec),
      gone: (end) => entry.gone(end),
    },
  };
}

/** Let others find an agent that has started, for as long as the process lives. */
export function enlist(
  { record, run, context }: ProcessScope,
  { agent, address }: Omit<PreparedAgent, "spec">,
): void {
  const { name, path } = agent;
  record.agents.set(name, agent);
  run.directory.set(path, addresseeOf(agent, address));
  context.own(() => void run.directory.delete(path));
}

/** Start an agent on a fork of another one's machine. A machine that is lost is forked anew, too. */
async function forkAgent(
  scope: ProcessScope,
  { machine, memory }: AgentEntry,
  {
    name,
    dir,
    options,
  }: { readonly name: string; readonly dir: string; readonly options: AgentOptions },
): Promise<Agent> {
  const { kind, forks } = options.harness ?? scope.run.harness;
  if (!forks) throw new UnsupportedError(kind, "fork", "harness");
  if (!machine.fork) throw new UnsupportedError(machine.kind, "fork");
  const image: Image = {
    kind: machine.kind,
    spawn: async () => {
      if (!machine.fork) throw new UnsupportedError(machine.kind, "fork");
      return await machine.fork();
    },
  };
  const { conversation } = memory;
  const fork = conversation && { conversation, dir };
  return await startAgent(
    scope,
    name,
    { ...options, prompt: undefined, machine: undefined, image },
    fork,
  );
}

async function specOf(
  { run }: ProcessScope,
  { name, path, machine, fork }: Placed,
  memory: AgentMemory,
  options: AgentOptions,
): Promise<AgentSpec> {
  const harness = run.outfit(options.harness ?? run.harness);
  machine.launchers.add(harness);
  const id = run.newAgentId();
  return {
    name,
    path,
    run: run.id,
    id,
    harness,
    door: await run.door(),
    memory,
    machine: machine.current,
    systemPrompt: options.systemPrompt,
    model: options.model,
    fork,
    dir: await run.agentDir(id),
    startTimeoutMs: options.startTimeoutMs,
    gate: run.startGate,
    progress: options.progress,
    providers: run.providers,
  };
}

/**
 * Choose where an agent lives: on the machine given, on one of its own when an image was named for it
 * or for the process, else on the process's one local machine.
 */
export async function machineFor(
  scope: ProcessScope,
  options: AgentOptions,
  add: (scope: ProcessScope, options: MachineOptions) => Promise<StartedMachine>,
): Promise<StartedMachine> {
  if (options.machine !== undefined) return startedMachine(scope, options.machine);
  const { harness } = options;
  const image = options.image ?? scope.record.definition.options.image;
  if (image !== undefined) return await add(scope, { image, harness });
  return await scope.localMachine(() => add(scope, { harness }));
}

/** Leave nothing of an agent that did not start; a machine of its own goes with it. */
async function forgetAgent(
  scope: ProcessScope,
  { name, machine }: { readonly name: string; readonly machine: StartedMachine | undefined },
  options: AgentOptions,
): Promise<void> {
  forgetMember(scope, name);
  const image = options.image ?? scope.record.definition.options.image;
  const ownMachine = options.machine === undefined && image !== undefined;
  if (ownMachine && machine !== undefined) await removeMachine(scope, machine);
}

function addresseeOf(agent: AgentHandle, address: () => Ref<AgentMessage>): Addressee {
  const { path, machine } = agent;
  const send = async (message: unknown) => {
    checkMessage(path, message);
    return await agent.send(message);
  };
  return {
    kind: "agent",
    path,
    deliver: (message) => {
      checkMessage(path, message);
      send(message).catch(() => {});
      return agent.state !== "stopped" && agent.state !== "failed";
    },
    send,
    attach: (readOnly) => address().call<Argv>((reply) => ({ type: "attach", readOnly, reply })),
    shell: (command) => shellOf(machine, command),
  };
}
