import {
  commandOf,
  findMarked,
  type HostProcess,
  isOurDirectory,
  isSameProcess,
  ownFileAt,
  readProcess,
} from "../../machines/local/index.ts";
import type { Remains } from "../../machines/machine.ts";
import type { DeadRun } from "./dead-runs.ts";
import { doorOf } from "./run-record.ts";

/** One thing that a run left. */
export interface Leftover {
  readonly kind:
    | "process"
    | "machine"
    | "tmux-server"
    | "socket"
    | "directory"
    | "file"
    | "unknown";
  /** The path of the thing, or its pid and command; names the machine where that is not this host. */
  readonly name: string;
}

/** The variable that marks the processes of a run in their environment. */
const runMark = "RAMURE_RUN";

/** Find what a run left, in the order in which it is removed. Touches nothing. */
export async function leftoversOf(
  run: DeadRun,
  spared: ReadonlySet<number>,
): Promise<readonly Leftover[]> {
  const found = await Promise.all([
    machinesOf(run),
    serversOf(run),
    processesOf(run, spared),
    socketsOf(run),
    directoriesOf(run),
    elsewhere(run),
    filesOf(run),
  ]);
  return found.flat();
}

/** The machines that a run recorded, each with the directories that the run made there. */
export function runMachines({
  things,
}: DeadRun): readonly { readonly remains: Remains; readonly directories: readonly string[] }[] {
  return things.flatMap(({ remains, on }) => {
    const there = things.filter(({ kind, machine }) => kind === "directory" && machine === on);
    const directories = on === undefined ? [] : there.map(({ file }) => file);
    return remains === undefined
      ? []
      : { remains, directories: directories.filter(isOurDirectory) };
  });
}

/** The sockets of tmux servers that a run recorded on this host. */
export function tmuxSockets({ things }: DeadRun): readonly string[] {
  const servers = things.filter((thing) => thing.kind === "tmux-server" && isHere(thing));
  return servers.map(({ file }) => file);
}

/** The sockets that a run had on this host, those of tmux apart. */
export function runSockets({ record, things, recordFile }: DeadRun): readonly string[] {
  const control = record?.socket ?? recordFile?.replace(/\.json$/, ".sock");
  const known = control === undefined ? [] : [control, doorOf(control)];
  const own = things.filter((thing) => thing.kind === "socket" && isHere(thing));
  return [...new Set([...known, ...own.map(({ file }) => file)])];
}

/** The directories that a run recorded on this host. */
export function runDirectories({ things }: DeadRun): readonly string[] {
  const own = things.filter((thing) => thing.kind === "directory" && isHere(thing));
  return own.map(({ file }) => file);
}

/** The live processes that carry the run's mark, or that it recorded; none that is spared. */
export async function runProcesses(
  { id, things }: DeadRun,
  spared: ReadonlySet<number>,
): Promise<readonly HostProcess[] | undefined> {
  const marked = await findMarked(runMark, id);
  if (marked === undefined) return undefined;
  const recorded = await Promise.all(things.filter(isHere).map(recordedProcess));
  const all = [...marked, ...recorded.filter((entry) => entry !== undefined)];
  const byPid = new Map(all.map((entry) => [entry.pid, entry]));
  return [...byPid.values()].filter(({ pid }) => !spared.has(pid));
}

async function recordedProcess({
  pid,
  processStart,
}: DeadRun["things"][number]): Promise<HostProcess | undefined> {
  if (pid === undefined || processStart === undefined) return undefined;
  return (await isSameProcess(pid, processStart)) ? await readProcess(pid) : undefined;
}

/** Name the machines that may be left. Only a removal tells: engines and hosts answer late or not at all. */
function machinesOf(run: DeadRun): readonly Leftover[] {
  return runMachines(run).map(({ remains }) => machineLeftover(remains));
}

/** Name a machine as a thing that a run left. */
export function machineLeftover({ kind, name }: Remains): Leftover {
  return { kind: "machine", name: `${kind} ${name}` };
}

async function serversOf(run: DeadRun): Promise<readonly Leftover[]> {
  return await existing(tmuxSockets(run), "socket", "tmux-server");
}

async function socketsOf(run: DeadRun): Promise<readonly Leftover[]> {
  return await existing(runSockets(run), "socket", "socket");
}

async function directoriesOf(run: DeadRun): Promise<readonly Leftover[]> {
  return await existing(runDirectories(run).filter(isOurDirectory), "directory", "directory");
}

async function filesOf(run: DeadRun): Promise<readonly Leftover[]> {
  const { recordFile, thingsFile, isDamaged } = run;
  const files = recordFile === undefined ? [thingsFile] : [thingsFile, recordFile];
  const found = await existing(files, "file", "file");
  if (!isDamaged) return found;
  const said = (name: string) => (name === recordFile ? `${name} (it cannot be read)` : name);
  return found.map(({ kind, name }) => ({ kind, name: said(name) }));
}

async function processesOf(
  run: DeadRun,
  spared: ReadonlySet<number>,
): Promise<readonly Leftover[]> {
  const found = (await runProcesses(run, spared)) ?? [];
  return await Promise.all(
    found.map(async ({ pid }) => ({ kind: "process", name: `${pid} (${await commandOf(pid)})` })),
  );
}

/**
 * List the things that cannot be removed from here: they are on another machine, or of a newer
 * kind.
 */
function elsewhere({ things }: DeadRun): readonly Leftover[] {
  const machines = new Set(things.map(({ on }) => on));
  const away = things.filter(
    (thing) => thing.kind === "unknown" || !(isHere(thing) || machines.has(thing.machine)),
  );
  return away.map(({ kind, file, machine }) => ({
    kind,
    name: machine === undefined ? file : `${file} on ${machine}`,
  }));
}

async function existing(
  paths: readonly string[],
  is: "socket" | "directory" | "file",
  kind: Leftover["kind"],
): Promise<readonly Leftover[]> {
  const there = await Promise.all(paths.map(async (path) => (await ownFileAt(path)) === is));
  return paths.filter((_, index) => there[index]).map((name) => ({ kind, name }));
}

function isHere({ machine }: { readonly machine?: string | undefined }): boolean {
  return machine === undefined;
}
