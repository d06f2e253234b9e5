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
import { ignore, type Ref, StoppedError } from "../../actors/kernel/index.ts";
import { MisuseError } from "../../errors.ts";
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
import { AgentEntry } from "./agent-entry.ts";
import { AgentHandle } from "./agent-handle.ts";
import { journaledMemory } from "./agent-journal.ts";
import { addMachine, limits, removeMachine, shellOf, startedMachine } from "./machines.ts";
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
): Promise<Agent> {
  if (options.image !== undefined && options.machine !== undefined) {
    throw new MisuseError(
      "machine-choice",
      `${name} was given an image and a machine; give it the one to make, or the one to share.`,
    );
  }
  scope.names.take(name, true);
  const path = `${scope.record.path}/${name}`;
  if (options.prompt !== undefined) checkMessage(path, options.prompt);
  checkModel(path, options.model);
  let machine: StartedMachine | undefined;
  try {
    machine = await machineFor(scope, options);
    const agent = await addAgent(scope, { name, path, machine }, options);
    if (options.prompt !== undefined) promptSoon(agent, options.prompt);
    return agent;
  } catch (error) {
    await forgetAgent(scope, { name, path, machine }, options);
    throw causeOf(error);
  }
}

/** A program without types finds out here, not when the agent's first word is refused. */
function checkModel(path: string, model: unknown): void {
  if (model === undefined || (typeof model === "string" && /\S/.test(model))) return;
  throw new MisuseError(
    "model-name",
    `The model of ${path} cannot be ${JSON.stringify(model)}; write it as "provider/id", or leave it out for what the harness is configured for.`,
  );
}

/** After the program's next lines: the tools that it gives right away are there for the first turn. */
function promptSoon(agent: Agent, prompt: string): void {
  setImmediate(() => {
    // It is refused when the agent has ended: then its end says more than the refusal.
    agent.send(prompt).catch(() => {});
  });
}

interface Placed {
  readonly name: string;
  readonly path: string;
  readonly machine: StartedMachine;
}

async function addAgent(
  scope: ProcessScope,
  placed: Placed,
  options: AgentOptions,
): Promise<Agent> {
  const { name, path, machine } = placed;
  const { run, supervision, context, record } = scope;
  const memory = journaledMemory(run, path);
  const spec = await specOf(scope, placed, memory, options);
  const entry = new AgentEntry(scope, {
    name,
    memory,
    machine: machine.machine,
    nudge: nudgeOf(options),
    lookAtRest: () => lookAtRest(scope),
  });
  const child = await orStopped(
    supervision.startChild<AgentMessage>({
      restart: "permanent",
      ...agentSpawnOptions,
      ...childPolicy(options.policy ?? {}, limits),
      id: name,
      dependsOn: machine.owner === supervision ? machine.id : undefined,
      start: () => agentBehavior(spec),
      gone: (end) => entry.gone(end),
    }),
  );
  if (child === ignore) throw new StoppedError(path);
  const agent = new AgentHandle(entry, {
    address: child.address,
    restart: async () => {
      await supervision.restartChild(name, { force: true });
    },
    stop: async () => {
      await supervision.terminateChild(name);
    },
  });
  rememberAgent(agent, entry);
  record.agents.set(name, agent);
  run.directory.set(path, addresseeOf(agent, child.address));
  context.own(() => void run.directory.delete(path));
  return agent;
}

async function specOf(
  { run }: ProcessScope,
  { name, path, machine }: Placed,
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
async function machineFor(scope: ProcessScope, options: AgentOptions): Promise<StartedMachine> {
  if (options.machine !== undefined) return startedMachine(scope, options.machine);
  const image = options.image ?? scope.record.definition.options.image;
  if (image !== undefined) return await addMachine(scope, { image });
  return await scope.localMachine(() => addMachine(scope, {}));
}

/** Leave nothing of an agent that did not start; a machine of its own goes with it. */
async function forgetAgent(
  scope: ProcessScope,
  {
    name,
    path,
    machine,
  }: Omit<Placed, "machine"> & { readonly machine: StartedMachine | undefined },
  options: AgentOptions,
): Promise<void> {
  scope.names.release(name);
  scope.record.agents.delete(name);
  scope.run.directory.delete(path);
  scope.run.registry.send({ type: "removed", path });
  const image = options.image ?? scope.record.definition.options.image;
  const ownMachine = options.machine === undefined && image !== undefined;
  if (ownMachine && machine !== undefined) await removeMachine(scope, machine);
}

function addresseeOf(agent: AgentHandle, address: Ref<AgentMessage>): Addressee {
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
    attach: (readOnly) => address.call<Argv>((reply) => ({ type: "attach", readOnly, reply })),
    shell: (command) => shellOf(machine, command),
  };
}
