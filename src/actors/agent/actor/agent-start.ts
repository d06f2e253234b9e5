import { idsOf } from "../../../ids.ts";
import type { Clock } from "../../clock.ts";
import type { Context } from "../../kernel/index.ts";
import { atMost, deferred, within } from "../../wait.ts";
import { AgentStartError, ModelMissingError } from "../errors.ts";
import type { HarnessExit, Launched, LaunchSpec } from "../wire/index.ts";
import type { AgentMemory } from "./agent-memory.ts";
import type { AgentMessage, HelloFrame } from "./agent-message.ts";
import type { AgentSpec } from "./agent-spec.ts";
import { AgentWire } from "./agent-wire.ts";

/** A harness that runs and has said hello. */
export interface Started {
  readonly launched: Launched;
  readonly wire: AgentWire;
  readonly hello: HelloFrame;
}

const newToken = idsOf(40);
/** The time in which a harness that failed to start may say its last words. */
const lastWordsMs = 2_000;

/**
 * Launch the agent and wait until it has its tools and a model.
 *
 * Rejects with AgentStartError or ModelMissingError, or with what the harness could not do. What was
 * made is the context's, so that it is released at the actor's end, also when this rejects.
 */
export async function startLife(spec: AgentSpec, context: Context<AgentMessage>): Promise<Started> {
  const leave = await spec.gate?.enter(context.signal);
  const deadline = new Deadline(context, spec.startTimeoutMs ?? 60_000);
  try {
    const opening = spec.door.keepOpen?.();
    if (opening !== undefined) await opening;
    const { wire, token } = admit(spec, context);
    const resume = spec.memory.resume;
    const launched = await launch({ spec, context, deadline, token, resume });
    const hello = await greeted({ spec, launched, wire, deadline }).catch((error: unknown) => {
      if (resume && !context.signal.aborted) spec.memory.failedResumes += 1;
      throw error;
    });
    spec.memory.failedResumes = 0;
    return { launched, wire, hello };
  } finally {
    deadline.cancel();
    leave?.();
  }
}

interface Admitted {
  readonly wire: AgentWire;
  readonly token: string;
}

function admit(spec: AgentSpec, context: Context<AgentMessage>): Admitted {
  const { epoch, self } = context;
  const wire = new AgentWire({
    epoch,
    tools: () => spec.memory.tools.descriptions,
    tell: (message) => self.send(message),
  });
  const token = newToken();
  context.own(spec.door.admit({ token, path: spec.path, epoch }, wire));
  return { wire, token };
}

interface Launching {
  readonly spec: AgentSpec;
  readonly context: Context<AgentMessage>;
  readonly deadline: Deadline;
  readonly token: string;
  readonly resume: LaunchSpec["resume"];
}

async function launch(launching: Launching): Promise<Launched> {
  const { spec, context, deadline, token, resume } = launching;
  const { memory } = spec;
  const launched = await spec.harness
    .launch({
      id: spec.id,
      path: spec.path,
      epoch: context.epoch,
      token,
      machine: spec.machine(),
      door: spec.door,
      run: spec.run,
      systemPrompt: spec.systemPrompt,
      model: spec.model,
      dir: spec.dir,
      resume,
      fork: memory.conversation === undefined ? spec.fork : undefined,
      clock: context.clock,
      signal: deadline.signal,
    })
    .catch((error: unknown) => {
      throw deadline.isOver ? deadline.error(spec.path, "was not launched", "") : error;
    });
  memory.leftover = undefined;
  if (launched.aside !== undefined) {
    memory.emit("session-set-aside", { session: resume?.id, file: launched.aside });
  }
  await owned(context, memory, launched);
  return launched;
}

/**
 * Own a launch. The actor may have been closed while the harness was launched: then nobody else
 * ends the harness.
 */
async function owned(
  context: Context<AgentMessage>,
  memory: AgentSpec["memory"],
  launched: Launched,
): Promise<void> {
  try {
    context.own(async () => {
      if (memory.leftover !== launched) await memory.occupied(launched.stop());
    });
  } catch (error) {
    await launched.stop();
    throw error;
  }
}

interface Greeting {
  readonly spec: AgentSpec;
  readonly launched: Launched;
  readonly wire: AgentWire;
  readonly deadline: Deadline;
}

async function greeted({ spec, launched, wire, deadline }: Greeting): Promise<HelloFrame> {
  const at = { spec, launched, wire, deadline };
  const hello = await awaited(wire.hello, () => "said no hello", at);
  if (!hello.modelReady) {
    throw new ModelMissingError(spec.path, hello.harness, hello.model ?? spec.model);
  }
  await awaited(wire.armed, () => `did not take its tools ${wire.missing.join(", ")}`, at);
  return hello;
}

/** Wait for a sign of the harness as long as it lives and the deadline is not over. */
async function awaited<Value>(
  sign: Promise<Value>,
  what: () => string,
  at: Greeting,
): Promise<Value> {
  const { spec, launched, deadline } = at;
  const end = await Promise.race([
    sign.then((value) => ({ value })),
    launched.exited.then((exit) => ({ exit })),
    deadline.over.then(() => ({ exit: undefined })),
  ]);
  if ("value" in end) return end.value;
  if (end.exit) throw new AgentStartError(`${spec.path} ended at its start: ${exitText(end.exit)}`);
  throw deadline.error(spec.path, what(), await lastWords(launched, deadline.clock));
}

async function lastWords(launched: Launched, clock: Clock): Promise<string> {
  let words = "";
  const told = launched
    .stop()
    .then(() => launched.exited)
    .then(({ detail }) => {
      words = detail;
    });
  // The failed start is the news. A harness that cannot say its last words is not.
  await atMost(
    clock,
    lastWordsMs,
    told.catch(() => {}),
  );
  return words;
}

/** Say how a harness ended, with its last words. */
export function exitText({ exitCode, signal, detail }: HarnessExit): string {
  const how = signal ? `signal ${signal}` : `exit code ${exitCode ?? "unknown"}`;
  const words = withoutRules(detail).trim();
  return words === "" ? `${how}.` : `${how}.\nIts last words:\n${words}`;
}

/** Leave out the lines that only draw. */
function withoutRules(text: string): string {
  return text.replace(/^[\s\u2500-\u259f]+$/gmu, "").replace(/\n{2,}/g, "\n");
}

/** The time that an agent has to start, and the end of its actor. */
class Deadline {
  readonly clock: Clock;
  readonly #timeoutMs: number;
  readonly #abort = new AbortController();
  readonly #expired = deferred<void>();
  readonly #stop: AbortSignal;
  readonly #timer: { cancel(): void };
  isOver = false;

  constructor({ clock, signal }: Context<AgentMessage>, timeoutMs: number) {
    this.clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#stop = signal;
    this.#timer = clock.setTimer(timeoutMs, () => {
      this.isOver = true;
      this.#abort.abort();
      this.#expired.resolve();
    });
  }

  get signal(): AbortSignal {
    return AbortSignal.any([this.#stop, this.#abort.signal]);
  }

  /** Resolves at the end of the time; rejects when the actor is asked to stop. */
  get over(): Promise<void> {
    return within(this.#expired.promise, { signal: this.#stop });
  }

  error(path: string, what: string, words: string): AgentStartError {
    const end = words.trim() === "" ? "" : ` Its last words:\n${words.trim()}`;
    return new AgentStartError(
      `${path} ${what} within ${this.#timeoutMs} ms; raise startTimeoutMs, or look at its terminal.${end}`,
    );
  }

  cancel(): void {
    this.#timer.cancel();
  }
}

/** The time in which running handlers may give their results. */
const handlersMs = 1_000;
/** The time in which the agent may say that it has the results. */
const resultsMs = 2_000;
/** The time in which the harness may end by itself. */
const goodbyeMs = 5_000;

/** End a living agent politely: the agent gets its results first, then it is asked to end. */
export async function stopPolitely(
  { launched, wire }: Pick<Started, "launched" | "wire">,
  memory: AgentMemory,
  clock: Clock,
): Promise<void> {
  if (!wire.isOpen) return;
  const gone = launched.exited.then(() => {});
  const running = [...memory.openCalls.values()].map(({ result }) => result);
  const answered = Promise.all(running).then(() => {});
  if (running.length > 0) await atMost(clock, handlersMs, Promise.race([answered, gone]));
  await atMost(clock, resultsMs, Promise.race([wire.quiet(), gone]));
  wire.send({ type: "shutdown" });
  await atMost(clock, goodbyeMs, gone);
}
