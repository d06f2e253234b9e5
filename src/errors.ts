import { inspect } from "node:util";

/**
 * The parent of every error that ramure throws to a caller.
 *
 * `code` is stable and meant for programs; the message says what failed, where, and what to do next.
 */
export abstract class RamureError extends Error {
  abstract readonly code: string;
  /** Whether doing the same again may succeed. A supervisor does not restart what is not retryable. */
  readonly retryable: boolean = true;

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The actor that was running has been stopped: an ambient await of it rejects with this. */
export class StoppedError extends RamureError {
  readonly code = "stopped";
  override readonly retryable = false;
  constructor(path: string, why = "it was stopped") {
    super(`${path}: ${why}; what it was waiting for will not come.`);
  }
}

/** A `call` had no answer in time. */
export class CallTimeoutError extends RamureError {
  readonly code = "call-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} did not reply within ${timeoutMs} ms; is it busy with a long message?`);
  }
}

/** What was called has ended, or ended before it answered. */
export class DownError extends RamureError {
  readonly code = "down";
  constructor(
    path: string,
    /** Why the actor ended. */
    readonly reason: { readonly type: string; readonly message?: string | undefined },
  ) {
    super(`${path} ended before it replied (${reason.message ?? reason.type}).`);
  }
}

/** Nobody has this path or name. */
export class NoProcError extends RamureError {
  readonly code = "noproc";
  constructor(path: string) {
    super(`There is no actor at ${path}; it has ended or was never started.`);
  }
}

/** The name or path is taken by a living actor. */
export class AlreadyStartedError extends RamureError {
  readonly code = "already-started";
  constructor(
    path: string,
    readonly pid: number,
  ) {
    super(`${path} is already started (pid ${pid}); choose another name or stop that one first.`);
  }
}

/** A name is not of the form that paths, files and tmux can all carry. */
export class InvalidNameError extends RamureError {
  readonly code = "invalid-name";
  override readonly retryable = false;
  constructor(what: string, name: string) {
    super(
      `${JSON.stringify(name)} cannot be the name of ${what}; use 1 to 64 characters of a-z, 0-9, _ and -, not starting with _ or -.`,
    );
  }
}

/** A machine or harness does not have the ability that was asked for. */
export class UnsupportedError extends RamureError {
  readonly code = "unsupported";
  override readonly retryable = false;
  constructor(kind: string, ability: string) {
    super(`A ${kind} machine has no ${ability}(); choose an image whose machines have it.`);
  }
}

/** A verb such as `done` was called where no process runs. */
export class OutsideProcessError extends RamureError {
  readonly code = "outside-process";
  override readonly retryable = false;
  constructor(verb: string) {
    super(
      `${verb}() was called outside a process; call it in the function given to agentProcess, or wrap a library's callback with currentProcess().bind(fn).`,
    );
  }
}

/** A process called `fail`. */
export class ProcessFailedError extends RamureError {
  readonly code = "process-failed";
  constructor(
    /** The path of the process. */
    readonly path: string,
    /** What `fail` was given. */
    readonly reason: unknown,
  ) {
    super(`${path} failed: ${wordsOf(reason)}`, { cause: reason });
  }
}

/** A process did not end within its `timeoutMs`. */
export class ProcessTimeoutError extends RamureError {
  readonly code = "process-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} did not end within ${timeoutMs} ms; raise its timeoutMs or make it call done.`);
  }
}

/** The process was cancelled before it had a result. */
export class CancelledError extends RamureError {
  readonly code = "cancelled";
  override readonly retryable = false;
  constructor(path: string, reason: string) {
    super(`${path} was cancelled: ${reason}`);
  }
}

/** An option of the run was given to a process below the first. */
export class RootOptionError extends RamureError {
  readonly code = "root-option";
  override readonly retryable = false;
  constructor(path: string, option: string) {
    super(
      `${path}: ${option} belongs to the run; give it to the first process, the one that is called outside any other.`,
    );
  }
}

/** The function given to agentProcess did not return a promise. */
export class NotAsyncError extends RamureError {
  readonly code = "not-async";
  override readonly retryable = false;
  constructor(path: string) {
    super(`The body of ${path} must be an async function; write agentProcess(async () => …).`);
  }
}

/** `receive` had no message that fits in time. */
export class ReceiveTimeoutError extends RamureError {
  readonly code = "receive-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} received no message that fits within ${timeoutMs} ms.`);
  }
}

/** The name is taken among the children of a process. */
export class NameTakenError extends RamureError {
  readonly code = "name-taken";
  override readonly retryable = false;
  constructor(path: string) {
    super(`${path} exists already; give this one another name.`);
  }
}

/** A process is so deep in the tree that something must start itself without end. */
export class TreeTooDeepError extends RamureError {
  readonly code = "tree-too-deep";
  override readonly retryable = false;
  constructor(path: string, levels: number) {
    const end = path.split("/").slice(-3).join("/");
    super(
      `…/${end} would be more than ${levels} levels deep; look for a process that starts itself without end.`,
    );
  }
}

/** A model's name is not one. */
export class ModelNameError extends RamureError {
  readonly code = "model-name";
  override readonly retryable = false;
  constructor(path: string, model: unknown) {
    super(
      `The model of ${path} cannot be ${JSON.stringify(model)}; write it as "provider/id", or leave it out for what the harness is configured for.`,
    );
  }
}

/** A tool's name or its input's schema is not what a model can be given. */
export class InvalidToolError extends RamureError {
  readonly code = "invalid-tool";
  override readonly retryable = false;
}

/** An agent has a tool of this name. */
export class ToolExistsError extends RamureError {
  readonly code = "tool-exists";
  override readonly retryable = false;
  constructor(path: string, tool: string) {
    super(`${path} has a tool ${tool} already; give this one another name or a prefix.`);
  }
}

/** What was given to a tool or an endpoint is not what its schema asks for. */
export class InvalidInputError extends RamureError {
  readonly code = "invalid-input";
  override readonly retryable = false;
  constructor(
    what: string,
    /** What is wrong, as `path: message`. */
    readonly issues: readonly string[],
  ) {
    super(`${what} cannot take this input:\n${issues.join("\n")}`);
  }
}

/** An agent's outbox did not take a message. */
export class MessageRefusedError extends RamureError {
  readonly code = "message-refused";
}

/** An agent has ended for good; what was waited for will not come. */
export class AgentEndedError extends RamureError {
  readonly code = "agent-ended";
  override readonly retryable = false;
  constructor(path: string, why: string) {
    super(`${path} has ended (${why}); start another agent to go on.`);
  }
}

/** An agent has no model to think with, or no login for it. */
export class ModelMissingError extends RamureError {
  readonly code = "model-missing";
  override readonly retryable = false;
  constructor(path: string, harness: string, model: string | undefined) {
    super(
      model
        ? `${path}: there is no login or key for the model ${model}; run ${harness} on its machine and log in, or configure a key there.`
        : `${path}: ${harness} has no model configured; give the agent a model ("provider/id"), or run ${harness} on its machine, log in and choose one.`,
    );
  }
}

/** An agent did not come up. */
export class AgentStartError extends RamureError {
  readonly code = "agent-start";
}

/** An agent's process has ended, or cannot be reached any more. */
export class AgentLostError extends RamureError {
  readonly code = "agent-lost";
}

/** A child spec or a supervisor's flags cannot be worked with; nothing was started. */
export class InvalidSpecError extends RamureError {
  override readonly retryable = false;
  constructor(
    /** `missing-id`, `invalid-restart`, `bad-combination`, `duplicate-id` and their like. */
    readonly code: string,
    rule: string,
  ) {
    super(`${rule}.`);
  }
}

/** A child did not start; what had been started for it is stopped again. */
export class StartFailedError extends RamureError {
  readonly code = "start-failed";
  override readonly retryable: boolean;
  constructor(
    path: string,
    /** The id of the child. */
    readonly child: string,
    /** How its start ended. */
    readonly reason: {
      readonly type: string;
      readonly message?: string | undefined;
      readonly retryable?: boolean | undefined;
    },
    options?: { readonly cause?: unknown },
  ) {
    super(`${path}: ${child} did not start: ${reason.message ?? reason.type}.`, options);
    this.retryable = reason.retryable !== false;
  }
}

/** A supervisor cannot do that to a child in the state that it is in. */
export class ChildRefusedError extends RamureError {
  constructor(
    /** `not-found`, `running`, `restarting`, `already-present` or `max-children`. */
    readonly code: string,
    path: string,
    advice: string,
  ) {
    super(`${path}: ${advice}.`);
  }
}

/** A process ended in failure, and nothing was thrown that could be passed on. */
export class ProcessEndedError extends RamureError {
  readonly code = "process-ended";
  constructor(
    path: string,
    /** The data of its `failed` event. */
    readonly failure: { readonly class: string; readonly message: string },
  ) {
    super(`${path} failed (${failure.class}): ${failure.message}`);
  }
}

/** The directory that holds ramure's runs cannot be used. */
export class HomeError extends RamureError {
  readonly code = "home";
  override readonly retryable = false;
  constructor(path: string, why: string, cause?: unknown) {
    super(`${path} ${why}; set RAMURE_HOME to a short path of a directory that is yours.`, {
      cause,
    });
  }
}

/** A process has exposed no endpoint of this name. */
export class NoEndpointError extends RamureError {
  readonly code = "no-endpoint";
  constructor(path: string, name: string, exposed: readonly string[]) {
    const known = exposed.length > 0 ? `it exposes ${exposed.join(", ")}` : "it exposes none";
    super(`${path} has no endpoint ${JSON.stringify(name)}; ${known}.`);
  }
}

/** An endpoint did not answer in time. */
export class EndpointTimeoutError extends RamureError {
  readonly code = "endpoint-timeout";
  constructor(path: string, name: string, timeoutMs: number) {
    super(
      `${path}:${name} did not answer within ${timeoutMs} ms; raise timeoutMs (ramure call --timeout), or 0 for no limit.`,
    );
  }
}

/** An endpoint could not be exposed, attached or answered. */
export class EndpointError extends RamureError {
  readonly code = "endpoint";
  override readonly retryable = false;
  constructor(path: string, name: string, why: string) {
    super(`${path}:${name}: ${why}.`);
  }
}

/** A word cannot be handed to a command. */
export class UnsafeWordError extends RamureError {
  readonly code = "unsafe-word";
  override readonly retryable = false;
  constructor(word: string, why: string) {
    super(`${JSON.stringify(word.slice(0, 80))} cannot be a word of a command: ${why}.`);
  }
}

/** The machine is gone or does not answer; whether a command ran is unknown. */
export class MachineUnreachableError extends RamureError {
  readonly code = "machine-unreachable";
  constructor(machine: string, what: string, options?: { readonly cause?: unknown }) {
    super(`The machine ${machine} cannot be reached: ${what}.`, options);
  }
}

/** The machine was stopped by this program; what still ran there was ended. */
export class MachineStoppedError extends RamureError {
  readonly code = "machine-stopped";
  override readonly retryable = false;
  constructor(machine: string) {
    super(`The machine ${machine} has been stopped; spawn another one from its image.`);
  }
}

/** The machine cannot run a command as another user. */
export class WrongUserError extends RamureError {
  readonly code = "wrong-user";
  override readonly retryable = false;
  constructor(kind: string, user: string, current: string) {
    super(
      `A ${kind} machine runs everything as ${current}, not as ${user}; leave \`user\` out, or choose an image that can switch.`,
    );
  }
}

/** A file or directory of a machine cannot be used. */
export class MachineFileError extends RamureError {
  readonly code = "machine-file";
  constructor(
    what: string,
    readonly path: string,
    /** The system's name for it, such as `ENOENT` or `EACCES`. */
    readonly reason: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`Cannot ${what} ${JSON.stringify(path)} (${reason}).`, options);
  }
}

/** The machine has no tmux, or one too old. */
export class TmuxMissingError extends RamureError {
  readonly code = "tmux-missing";
  override readonly retryable = false;
  constructor(machine: string, found?: string) {
    super(
      `The machine ${machine} has ${found ? `tmux ${found}` : "no tmux"}, and agents need tmux 3.2 or newer; install it there: apt-get install -y tmux | brew install tmux | dnf install -y tmux.`,
    );
  }
}

/** A tmux command failed for a reason other than an absent session. */
export class TmuxError extends RamureError {
  readonly code = "tmux";
  constructor(command: string, said: string, options?: { readonly cause?: unknown }) {
    super(`tmux ${command} failed: ${said}`, options);
  }
}

/** A Unix socket cannot have so long a path: the system would cut it silently. */
export class SocketPathTooLongError extends RamureError {
  readonly code = "socket-path-too-long";
  override readonly retryable = false;
  constructor(path: string, bytes: number, limit: number) {
    super(
      `The socket path ${path} has ${bytes} bytes and ${limit} are allowed; set RAMURE_HOME to a shorter directory.`,
    );
  }
}

/** A Unix socket cannot be made there, or not so that other users are kept out. */
export class UnsafeSocketError extends RamureError {
  readonly code = "unsafe-socket";
  override readonly retryable = false;
  constructor(path: string, why: string, options?: { readonly cause?: unknown }) {
    super(`Cannot listen on ${path}: ${why}; set RAMURE_HOME to a private directory.`, options);
  }
}

/** A mailbox or a stash has no room for one more. */
export class OverflowError extends RamureError {
  readonly code = "overflow";
  constructor(path: string, what: "mailbox" | "stash", max: number) {
    super(`The ${what} of ${path} is full (${max}); send more slowly or give it a larger bound.`);
  }
}

/** An actor called itself, directly or through actors that wait for each other. */
export class DeadlockError extends RamureError {
  override readonly retryable = false;
  constructor(
    path: string,
    readonly code: "self" | "deadlock",
  ) {
    super(`A call to ${path} would wait for itself; send a message instead, or reply later.`);
  }
}

/** The caller's signal aborted before the answer came. */
export class CallAbortedError extends RamureError {
  readonly code = "aborted";
  constructor(path: string, cause: unknown) {
    super(`The call to ${path} was given up by its signal; its answer will be dropped.`, { cause });
  }
}

/** The event that was waited for did not come in time. */
export class WaitTimeoutError extends RamureError {
  readonly code = "wait-timeout";
  constructor(path: string, what: string, timeoutMs: number) {
    super(`No ${what} event came from ${path} within ${timeoutMs} ms.`);
  }
}

/** The log ended without the event that was waited for. */
export class LogEndedError extends RamureError {
  readonly code = "log-ended";
  constructor(path: string, what: string) {
    super(`The events of ${path} ended without ${what}; read them to see why.`);
  }
}

/** `currentProcess` was given the contract of another process. */
export class WrongContractError extends RamureError {
  readonly code = "wrong-contract";
  override readonly retryable = false;
  constructor(path: string) {
    super(`${path} was not made with this contract; pass the one given to its agentProcess.`);
  }
}

/** An event, message or value does not fit the contract, or cannot leave its process. */
export class ContractError extends RamureError {
  readonly code = "contract";
  override readonly retryable = false;
  constructor(path: string, what: string, why: string) {
    super(`${path}: ${what}: ${why}.`);
  }
}

/** A journal is damaged in a way that no torn last line explains. */
export class JournalCorruptError extends RamureError {
  readonly code = "journal-corrupt";
  override readonly retryable = false;
  constructor(
    readonly file: string,
    readonly damage: { readonly line: number; readonly offset: number; readonly why: string },
    /** Where the whole file was copied to. */
    readonly copy?: string | undefined,
  ) {
    const kept = copy === undefined ? "nothing was changed" : `a copy is kept as ${copy}`;
    super(
      `${file}: line ${damage.line} (byte ${damage.offset}) is damaged: ${damage.why}; ${kept}. What stands before it can be read.`,
    );
  }
}

/** An actor's `init` took too long; the incarnation was closed. */
export class StartTimeoutError extends RamureError {
  readonly code = "start-timeout";
  constructor(path: string, timeoutMs: number) {
    super(`${path} was not started within ${timeoutMs} ms; raise startTimeoutMs if init needs it.`);
  }
}

/** An agent was given both an image and a machine. */
export class MachineChoiceError extends RamureError {
  readonly code = "machine-choice";
  override readonly retryable = false;
  constructor(agent: string) {
    super(
      `${agent} was given an image and a machine; give it the one to make, or the one to share.`,
    );
  }
}

/** `connect` was given a direction that it does not know. */
export class DirectionError extends RamureError {
  readonly code = "direction";
  override readonly retryable = false;
  constructor(direction: string) {
    super(`A connection has no direction ${JSON.stringify(direction)}; use "both" or "forward".`);
  }
}

/** Bubbling would bring a process's events back to itself. */
export class BubbleCycleError extends RamureError {
  readonly code = "bubble-cycle";
  override readonly retryable = false;
  constructor(child: string, parent: string) {
    super(`${child} cannot bubble to ${parent}: its events would come round; bubble upwards only.`);
  }
}

/** A child failed more often than its policy allows, or in a way that no restart mends. */
export class GaveUpError extends RamureError {
  readonly code = "gave-up";
  override readonly retryable: boolean;
  constructor(
    path: string,
    cause: "intensity" | "not-retryable",
    last: string,
    options: { readonly cause?: unknown; readonly retryable?: boolean | undefined } = {},
  ) {
    const why =
      cause === "intensity"
        ? "it failed more often than maxRestarts and maxConsecutive allow"
        : "no restart would help";
    super(`${path} was given up: ${why}; its last failure: ${last}`, options);
    this.retryable = options.retryable ?? true;
  }
}

/** There is no pi on the machine. */
export class PiMissingError extends RamureError {
  readonly code = "pi-missing";
  override readonly retryable = false;
  constructor(machine: string, looked: string) {
    super(
      `There is no pi on ${machine} (looked ${looked}); install it there: npm install -g @earendil-works/pi-coding-agent@0.74.2 (any newer one on Node 22), or pass piHarness({ command }).`,
    );
  }
}

/** The pi on the machine is older than what ramure can drive. */
export class PiTooOldError extends RamureError {
  readonly code = "pi-too-old";
  override readonly retryable = false;
  constructor(command: string, found: string, needed: string) {
    super(
      `${command} is pi ${found}, and ${needed} or newer is needed; update it: npm install -g @earendil-works/pi-coding-agent@0.74.2 (any newer one on Node 22).`,
    );
  }
}

/** The file that is built for another program to load is not there. */
export class BundleMissingError extends RamureError {
  readonly code = "bundle-missing";
  override readonly retryable = false;
  constructor(path: string) {
    super(`The pi extension is not built: there is no ${path}; run npm run build.`);
  }
}

/** A pool has no room for one more item. */
export class PoolFullError extends RamureError {
  readonly code = "pool-full";
  constructor(path: string, queue: number) {
    super(`${path} is full: ${queue} items wait already; add it later, or let add wait for room.`);
  }
}

/** A pool takes no more items: it drains or has ended. */
export class PoolClosedError extends RamureError {
  readonly code = "pool-closed";
  override readonly retryable = false;
  constructor(path: string) {
    super(`${path} takes no more items: it was told to drain; start another pool.`);
  }
}

/** An agent asked for another one that it is not connected with, whether or not there is one. */
export class ReachError extends RamureError {
  readonly code = "reach";
  override readonly retryable = false;
  constructor(name: string, known: readonly string[]) {
    const whom =
      known.length > 0 ? `those that you can are ${known.join(", ")}` : "you can reach none";
    super(`There is no agent ${JSON.stringify(name)} that you can reach; ${whom}.`);
  }
}

/** A file cannot go from one agent to another. */
export class FileTransferError extends RamureError {
  readonly code = "file-transfer";
  override readonly retryable = false;
  constructor(path: string, why: string) {
    super(`${JSON.stringify(path)} was not copied: ${why}.`);
  }
}

/** A model did not answer, and asking again does not help or was tried often enough. */
export class ModelFailedError extends RamureError {
  readonly code = "model-failed";
  override readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  constructor(path: string, model: string | undefined, failure: ModelFailureFacts) {
    const next = failure.retryable
      ? "it was asked again and again; look whether its provider is up"
      : `asking again will not help; ${modelRemedies[failure.class] ?? "look at its settings"}`;
    super(
      `The model ${model ?? ""} of ${path} fails (${failure.class}), ${next}. It said: ${failure.said.slice(0, 500)}`,
    );
    this.retryable = failure.retryable;
    this.retryAfterMs = failure.retryAfterMs;
  }
}

const modelRemedies: Readonly<Record<string, string>> = {
  "no-key": "look at its key or login",
  "no-credit": "look at its credit and its quota",
  "too-long": "its conversation does not fit: begin a new one, or choose a model that holds more",
  refused: "what it was asked, or has read, is refused: change that, and begin a new conversation",
  rejected: "look at the model's name and its settings",
  unknown: "it was asked again and again; look at what it said",
};

interface ModelFailureFacts {
  readonly class: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly said: string;
}

/** An agent was at work and nothing came of it. */
export class AgentStuckError extends RamureError {
  readonly code = "agent-stuck";
  override readonly retryable: boolean;
  constructor(path: string, afterMs: number, retryable: boolean) {
    super(
      `${path} has shown no progress for ${afterMs} ms; look at its terminal, or raise progress.stuckAfterMs.`,
    );
    this.retryable = retryable;
  }
}

/** Say what somebody gave as a reason, whatever it is. */
function wordsOf(reason: unknown): string {
  if (reason instanceof Error) return reason.message;
  return typeof reason === "string" ? reason : inspect(reason, { breakLength: Infinity });
}
