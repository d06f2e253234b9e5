import { NameTakenError } from "../../errors.ts";
import type { ChildPolicy } from "../child-spec.ts";
import { checkName, type ProcessDefinition } from "./definition.ts";
import { processBehavior } from "./process-actor.ts";
import { refuseRootOptions } from "./process-options.ts";
import { ProcessRecord } from "./process-record.ts";
import type { Scope } from "./scope.ts";

/** How a child process is kept: its id among its siblings and its policy. */
export interface ChildProcessOptions extends ChildPolicy {
  /** Default: the process's name. */
  readonly id?: string | undefined;
  /** The process that stands for it outside. Default: itself. */
  readonly face?: ProcessRecord | undefined;
}

/**
 * Start a process below `scope`. Returns at once; the body is entered in this turn of the event loop.
 *
 * A name that was given and is taken throws NameTakenError; a defaulted one gets `-2`, `-3`, ….
 */
export function startProcess(
  scope: Scope,
  definition: ProcessDefinition,
  args: readonly unknown[],
  { id, face, ...policy }: ChildProcessOptions = {},
): ProcessRecord {
  const name = freeName(scope, id ?? definition.name, id !== undefined || definition.named);
  const path = `${scope.record.path}/${name}`;
  refuseRootOptions(path, definition.options);
  const record = new ProcessRecord(scope.run, inherit(scope, definition), args, path, face);
  control(scope, record, name);
  scope.record.children.set(name, record);
  scope.run.directory.set(path, record.addressee());
  const spec = {
    ...policy,
    id: name,
    kind: "process",
    type: "supervisor" as const,
    shutdownMs: "infinity" as const,
    start: () => processBehavior(record),
  };
  scope.supervision.startChild(spec).catch(() => {
    // The start failed or was cancelled: nobody else ends an epoch whose body was never entered.
    record.ended({ reason: { type: "shutdown", cause: "parent" } });
  });
  return record;
}

/** Take a name among the children of `scope`. */
export function freeName(scope: Scope, name: string, given: boolean): string {
  checkName(`a child of ${scope.record.path}`, name);
  const taken = (candidate: string): boolean => scope.names.has(candidate);
  if (taken(name) && given) throw new NameTakenError(`${scope.record.path}/${name}`);
  let free = name;
  for (let n = 2; taken(free); n += 1) free = `${name}-${n}`;
  scope.names.add(free);
  return free;
}

function inherit(scope: Scope, definition: ProcessDefinition): ProcessDefinition {
  const image = definition.options.image ?? scope.record.definition.options.image;
  return { ...definition, options: { ...definition.options, image } };
}

function control(scope: Scope, record: ProcessRecord, id: string): void {
  const { supervision } = scope;
  record.control = {
    cancel: async () => {
      await supervision.terminateChild(id);
      record.ended({ reason: { type: "shutdown", cause: "api" } });
    },
    restart: async () => {
      await supervision.terminateChild(id);
      record.reopen();
      await supervision.restartChild(id);
    },
  };
}
