import { checkName } from "../../names.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import type { OpenShape } from "../endpoints/index.ts";
import {
  type AgentProcess,
  currentScope,
  limitsOf,
  type ProcessOptions,
} from "../process/index.ts";
import {
  type AutoShutdown,
  type Intensity,
  resolveFlags,
  type Strategy,
} from "../supervision/index.ts";
import { Administration, type SupervisorResult } from "./administration.ts";
import { makeProcess } from "./agent-process.ts";
import { handleOf } from "./handles.ts";
import type { AnyChild } from "./supervised-child.ts";

export interface SupervisorOptions extends Omit<ProcessOptions, "name" | "contract" | "timeoutMs"> {
  /** 1 to 64 of a-z, 0-9, _ and -. Default: `supervisor`. */
  readonly name?: string | undefined;
  /** The siblings that a failed child takes along. Default: `one-for-one`. */
  readonly strategy?: Strategy | undefined;
  /** The limit of restarts. Default: one more than 3 restarts in 5 s, or than 8 of one child in a row, fails the supervisor. */
  readonly intensity?: Intensity | undefined;
  /** The rule by which the end of `significant` children ends the supervisor: it is then done. Default: `never`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** The children, in start order. Default: none. */
  readonly children?: readonly AnyChild[] | undefined;
}

const optionKinds: OptionKinds<SupervisorOptions> = {
  name: "any",
  strategy: "any",
  intensity: "object",
  autoShutdown: "any",
  children: "list",
  image: "object",
  summary: "text",
  logDir: "text",
  host: "text",
  port: "number",
  baseUrl: "text",
  harness: "object",
  clock: "object",
};

/** A process that does nothing but keep its children alive. */
export interface SupervisorProcess extends AgentProcess<[], SupervisorResult> {
  with(options: ProcessOptions<OpenShape>): SupervisorProcess;
  readonly kind: "supervisor";
}

/**
 * Make a process that starts children in order and keeps them alive, in the sense of Erlang.
 *
 * It lives until it is stopped, gives up, or `autoShutdown` ends it; it is then done with the
 * results of the children that were done. It counts as started, and emits `started`, when all of
 * `children` have started; when one does not start, the others are stopped and it fails with
 * StartFailedError. Its events are the children's, with their ids as source, and `restarting`,
 * `restarted` and `gave-up`. Throws InvalidSpecError for flags that cannot be worked with.
 *
 * @example
 * ```ts
 * import { agentProcess, child, emit, receive, supervisor } from "ramure";
 *
 * const store = agentProcess(async function store() {
 *   emit("ready");
 *   await receive();
 * });
 * const worker = agentProcess(async function worker(speed: string) {
 *   return `worked ${speed}`;
 * });
 * const team = supervisor({
 *   name: "team",
 *   strategy: "rest-for-one",
 *   autoShutdown: "any-significant",
 *   children: [
 *     child("store", store, [], { restart: "permanent", startedBy: "ready" }),
 *     child("worker", worker, ["fast"], { significant: true }),
 *   ],
 * });
 *
 * console.log(await team()); // { worker: "worked fast" }
 * ```
 */
export function supervisor(options: SupervisorOptions = {}): SupervisorProcess {
  checkOptions("supervisor()", options, optionKinds);
  const { name, strategy, intensity, autoShutdown, children = [], ...rest } = options;
  if (name !== undefined) checkName("a supervisor", name);
  const supervision = { strategy, intensity, autoShutdown };
  resolveFlags(supervision);
  const process = makeProcess({
    name: name ?? "supervisor",
    named: name !== undefined,
    options: rest,
    supervision,
    start: { event: "started", timeoutMs: Number.POSITIVE_INFINITY },
    handle: "supervisor",
    body: () => supervise(children),
  });
  return process as unknown as SupervisorProcess;
}

async function supervise(children: readonly AnyChild[]): Promise<SupervisorResult> {
  const scope = currentScope("supervisor");
  const administration = new Administration(scope, handleOf);
  await administration.startAll(children);
  scope.record.emit("started", { children: children.map(({ id }) => id) });
  await scope.outcome.wait(limitsOf(scope, { what: "the end of its children" }));
  return administration.results;
}
