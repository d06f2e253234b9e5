import { inspect } from "node:util";

/** The reason of an actor's end: plain data, safe to serialise. */
export type ExitReason = NormalExit | ShutdownExit | KilledExit | ErrorExit | NoProcExit;

/** The actor ended by itself, and well. */
export interface NormalExit {
  readonly type: "normal";
  readonly value?: unknown;
}

/** The cause of a shutdown. */
export type ShutdownCause =
  /** The parent ended. */
  | "parent"
  /** Code outside the actor called `stop`. */
  | "api"
  /** A supervisor ended because its significant children had ended. */
  | "auto-shutdown"
  /** A supervisor gave up: its children failed too often. */
  | "intensity"
  /** A supervisor gave up: a child failed with an error that no restart can fix. */
  | "not-retryable"
  /** A supervisor gave up: a child could not be started. */
  | "start-failed"
  /** The system stopped at its deadline. */
  | "deadline";

/** The actor was asked to stop and ended in its own time; or it is a supervisor that gave up. */
export interface ShutdownExit {
  readonly type: "shutdown";
  readonly cause: ShutdownCause;
  readonly detail?: unknown;
}

/** The incarnation was closed by force. Its code may still run, but has no effect any more. */
export interface KilledExit {
  readonly type: "killed";
  /** The cause: a `brutal-kill`, a stop that took too long, the system's deadline, or a call of `kill`. */
  readonly by: "brutal" | "timeout" | "deadline" | "api";
}

/** The actor failed. */
export interface ErrorExit {
  readonly type: "error";
  /** `throw`, `fail`, `start`, `timeout`, `linked`, `overflow`, `lost`, `stuck`, `budget`; open for more. */
  readonly class: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
  /** False when the same again cannot succeed, such as after a wrong key. */
  readonly retryable: boolean;
  /** The time from the end to the earliest sensible restart, in ms. */
  readonly retryAfterMs?: number | undefined;
}

/** The actor was gone before it was watched. Only monitors and links see this reason. */
export interface NoProcExit {
  readonly type: "noproc";
}

/** The end of one incarnation, as its parent and its monitors see it. */
export interface Exit {
  readonly path: string;
  readonly pid: number;
  readonly epoch: number;
  readonly reason: ExitReason;
  /** Set when it never ran: its `init` failed or returned `ignore`. */
  readonly unstarted?: "failed" | "ignored" | undefined;
}

/** Describe the end of an actor that was gone before it was watched. */
export function exitOfNobody({ path, pid, epoch }: Omit<Exit, "reason">): Exit {
  return { path, pid, epoch, reason: { type: "noproc" } };
}

const abnormalCauses: ReadonlySet<ShutdownCause> = new Set([
  "intensity",
  "not-retryable",
  "start-failed",
]);

/**
 * Tell whether an end is clean: a transient child that ended so is not restarted.
 *
 * A normal end is, and a shutdown that somebody asked for. A supervisor that gave up did not end cleanly.
 *
 * @example
 * ```ts
 * import { createSystem, isClean } from "ramure/actors";
 *
 * const system = createSystem();
 * const ref = system.spawn({ init: () => 0, receive: (count: number) => count + 1 });
 * console.log(isClean(await ref.stop())); // true
 * await system.stop();
 * ```
 */
export function isClean(reason: ExitReason): boolean {
  switch (reason.type) {
    case "normal":
      return true;
    case "shutdown":
      return !abnormalCauses.has(reason.cause);
    case "killed":
    case "error":
    case "noproc":
      return false;
    default:
      return reason satisfies never;
  }
}

/**
 * Tell whether a restart may help.
 *
 * It does not help after an error that is not retryable, also when supervisors have given up because
 * of it since: a wrong key stays wrong in a larger restart.
 */
export function isRetryable(reason: ExitReason): boolean {
  const first = firstReason(reason);
  return first.type !== "error" || first.retryable;
}

/** Find the first failure beneath supervisors that gave up one after the other. */
export function firstReason(reason: ExitReason): ExitReason {
  if (reason.type !== "shutdown" || isClean(reason)) return reason;
  const { detail } = reason;
  if (typeof detail !== "object" || detail === null || !("lastReason" in detail)) return reason;
  return firstReason((detail as { readonly lastReason: ExitReason }).lastReason);
}

/**
 * Turn what was thrown into an exit reason. Never throws, whatever was thrown.
 *
 * @example
 * ```ts
 * import { type Behavior, createSystem, errorExit } from "ramure/actors";
 *
 * const reader: Behavior<string, null> = {
 *   init: () => null,
 *   receive: (state, text, context) => {
 *     try {
 *       JSON.parse(text);
 *     } catch (error) {
 *       context.exit(errorExit(error, "parse"));
 *     }
 *     return state;
 *   },
 * };
 *
 * const system = createSystem();
 * const ref = system.spawn(reader);
 * ref.send("{");
 * console.log(await ref.exited); // { type: "error", class: "parse", … }
 * await system.stop();
 * ```
 */
export function errorExit(thrown: unknown, errorClass = "throw"): ErrorExit {
  const facts = typeof thrown === "object" && thrown !== null ? (thrown as ThrownFacts) : {};
  return {
    type: "error",
    class: errorClass,
    message: messageOf(thrown, facts),
    code: typeof facts.code === "string" ? facts.code : undefined,
    // Read on demand: formatting a stack costs more than a whole restart.
    get stack() {
      return stackOf(facts);
    },
    retryable: facts.retryable !== false,
    retryAfterMs: typeof facts.retryAfterMs === "number" ? facts.retryAfterMs : undefined,
  };
}

interface ThrownFacts {
  readonly message?: unknown;
  readonly name?: unknown;
  readonly code?: unknown;
  readonly stack?: unknown;
  readonly retryable?: unknown;
  readonly retryAfterMs?: unknown;
}

function stackOf(facts: ThrownFacts): string | undefined {
  try {
    return typeof facts.stack === "string" ? facts.stack : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(thrown: unknown, facts: ThrownFacts): string {
  if (typeof facts.message === "string" && facts.message !== "") return facts.message;
  if (typeof facts.name === "string" && facts.name !== "") return facts.name;
  try {
    return typeof thrown === "object" ? inspect(thrown, { breakLength: Infinity }) : String(thrown);
  } catch {
    return "a value that has no text";
  }
}
