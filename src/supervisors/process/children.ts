import { type Behavior, errorExit, ignore } from "../../actors/kernel/index.ts";
import { MisuseError } from "../../errors.ts";
import {
  type ChildGone,
  type ChildPolicy,
  type ChildSpec,
  InvalidSpecError,
} from "../supervision/index.ts";
import type { ProcessDefinition, StartRule } from "./definition.ts";
import type { Ending } from "./ending.ts";
import { processBehavior } from "./process-actor.ts";
import { refuseRootOptions } from "./process-options.ts";
import { ProcessRecord } from "./process-record.ts";
import type { ProcessScope } from "./scope.ts";

/** The options of a child process: its id among its siblings and its policy. */
export interface ChildProcessOptions extends ChildPolicy {
  /** Default: the process's name. */
  readonly id?: string | undefined;
  /** The process that stands for it outside. Default: itself. */
  readonly face?: ProcessRecord | undefined;
  /** The rule by which it counts as started. Default: the process's own rule, else when its body is entered. */
  readonly start?: StartRule | undefined;
}

/** A process that is going to be a child: its record, and how it is kept. */
export interface PreparedChild {
  readonly record: ProcessRecord;
  readonly spec: ChildSpec;
}

/**
 * Start a process below `scope`. Returns at once; the body is entered in this turn of the event loop.
 *
 * A name that was given and is taken throws MisuseError (`name-taken`); a defaulted one gets `-2`, `-3`, ….
 */
export function startProcess(
  scope: ProcessScope,
  definition: ProcessDefinition,
  args: readonly unknown[],
  options: ChildProcessOptions = {},
): ProcessRecord {
  const { record, spec } = prepareProcess(scope, definition, args, options);
  scope.supervision.startChild(spec).catch(() => {}); // The record has heard of it by its `gone`.
  return record;
}

/** Give the ending of an epoch whose body was never entered. */
function endingOf({ why, cause }: ChildGone): Ending {
  if (cause instanceof InvalidSpecError)
    return { reason: errorExit(cause, "start"), thrown: cause };
  const by = why === "terminated" ? "api" : "parent";
  return { reason: { type: "shutdown", cause: by }, thrown: cause };
}

/**
 * Run a process below `scope` and give its result, once nothing of it is left.
 *
 * Nobody has its handle, so it is forgotten then, and a name that was given is free again.
 */
export async function callProcess(
  scope: ProcessScope,
  definition: ProcessDefinition,
  args: readonly unknown[],
): Promise<unknown> {
  const { record, spec } = prepareProcess(scope, definition, args, { restart: "temporary" });
  try {
    const child = await scope.supervision.startChild(spec);
    if (child !== ignore) await child.ref.exited;
  } catch {
    // The record has heard of it, and its result says how.
  }
  scope.record.children.delete(record.name);
  scope.run.directory.delete(record.path);
  if (definition.named) scope.names.release(record.name);
  return await record.result();
}

/** Take a name below `scope` and make all that a process needs to be started there. */
export function prepareProcess(
  scope: ProcessScope,
  definition: ProcessDefinition,
  args: readonly unknown[],
  { id, face, start, ...policy }: ChildProcessOptions = {},
): PreparedChild {
  const wanted = id ?? definition.name;
  refuseRootOptions(`${scope.record.path}/${wanted}`, definition.options);
  checkDepth(`${scope.record.path}/${wanted}`);
  const name = scope.names.take(wanted, id !== undefined || definition.named);
  const path = `${scope.record.path}/${name}`;
  const inherited = inherit(scope, { ...definition, start: start ?? definition.start });
  const record = new ProcessRecord(scope.run, inherited, args, path, face);
  control(scope, record, name);
  // Its result settles before its supervision takes in its end, and nothing starts it again by itself.
  if (policy.restart === "temporary") record.onEnd((_, ending) => record.gone(ending));
  scope.record.children.set(name, record);
  scope.run.directory.set(path, record.addressee());
  const spec = {
    ...policy,
    id: name,
    kind: "process",
    type: "supervisor" as const,
    shutdownMs: policy.shutdownMs ?? ("infinity" as const),
    // The process itself watches its start, so that a late one fails with its own error.
    startTimeoutMs: Number.POSITIVE_INFINITY,
    start: () => processBehavior(record) as Behavior<unknown, unknown>,
    gone: (end: ChildGone) => record.gone(endingOf(end)),
  };
  return { record, spec };
}

/**
 * The deepest level of a tree. No tree that is meant is so deep; one that grows level by level
 * while it is stopped has no end.
 */
const maxLevels = 200;

function checkDepth(path: string): void {
  if (path.split("/").length - 1 <= maxLevels) return;
  const end = path.split("/").slice(-3).join("/");
  throw new MisuseError(
    "tree-too-deep",
    `…/${end} would be more than ${maxLevels} levels deep; look for a process that starts itself without end.`,
  );
}

/** Forget a child that has ended for good: its name is free again. */
export function forgetProcess(scope: ProcessScope, name: string): void {
  scope.record.children.get(name)?.forget();
  scope.record.children.delete(name);
  scope.names.release(name);
}

function inherit(scope: ProcessScope, definition: ProcessDefinition): ProcessDefinition {
  const image = definition.options.image ?? scope.record.definition.options.image;
  return { ...definition, options: { ...definition.options, image } };
}

function control(scope: ProcessScope, record: ProcessRecord, id: string): void {
  const { supervision } = scope;
  record.control = {
    cancel: () => supervision.terminateChild(id),
    restart: () =>
      record.restart(async () => {
        await supervision.terminateChild(id);
        await supervision.restartChild(id);
      }),
  };
}
