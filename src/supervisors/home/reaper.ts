import { dirname, join } from "node:path";
import { systemClock } from "../../actors/clock.ts";
import {
  endAll,
  LocalImage,
  type LocalMachine,
  ownFileAt,
  removeOwnDirectory,
  removeOwnFile,
  removeOwnSocket,
} from "../../machines/local/index.ts";
import { removeRemains } from "../../machines/remains/index.ts";
import { createTmux } from "../../machines/tmux/index.ts";
import { type DeadRun, surveyRuns } from "./dead-runs.ts";
import type { HomeLayout } from "./home.ts";
import {
  type Leftover,
  leftoversOf,
  machineLeftover,
  runDirectories,
  runMachines,
  runProcesses,
  runSockets,
  tmuxSockets,
} from "./leftovers.ts";
import { removeShortDirectory } from "./run-record.ts";
import { livingElsewhere, sparedProcesses } from "./spared-processes.ts";

export type { Leftover } from "./leftovers.ts";

/** The outcome of reaping one dead run. */
export interface ReapedRun {
  readonly id: string;
  readonly program?: string | undefined;
  /** The things that are gone now; in a dry run, those that would be removed. */
  readonly removed: readonly Leftover[];
  /** The things that are still there: they could not be ended, or they are on another machine. Their record stays, too. */
  readonly left: readonly Leftover[];
}

export interface ReapOptions {
  /** Only look. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Go to other hosts, too; that may take 10 s for each that does not answer. Default: false. */
  readonly far?: boolean | undefined;
  /** Called with a run whose removal takes over a second. Default: nobody. */
  readonly onSlow?: ((run: DeadRun) => void) | undefined;
}

/** The time that a process has to follow SIGTERM, in ms. */
const graceMs = 2_000;
/** The time that a tmux server has to end itself, in ms; one that hangs is killed as a process. */
const tmuxMs = 3_000;

/**
 * Remove what no living run owns: tmux servers, marked processes, sockets, directories, records.
 *
 * A run lives as long as the process of its record does (pid and start time) or its socket answers;
 * nothing of a living run is touched, nor of another user, and no link is followed. Two at once are
 * harmless: each step finds nothing where the other was first. Throws HomeError for a home that is
 * somebody else's.
 */
export async function reap(
  layout: HomeLayout,
  { dryRun = false, far = false, onSlow }: ReapOptions = {},
): Promise<readonly ReapedRun[]> {
  const { dead, living, strays } = await surveyRuns(layout);
  if (!dryRun) for (const file of strays) await removeOwnFile(file);
  if (dead.length === 0) return [];
  const reaped: ReapedRun[] = [];
  for (const run of dead) {
    const elsewhere = await livingElsewhere(run.id, layout);
    const spared = await sparedProcesses(run.id, [...living, ...elsewhere]);
    const slow = systemClock.setTimer(1_000, () => onSlow?.(run));
    reaped.push(await (dryRun ? lookAt(run, spared) : reapRun(run, spared, { far })));
    slow.cancel();
  }
  return reaped.filter(({ removed, left }) => removed.length + left.length > 0);
}

/** Remove what one run left, its records last, and only when nothing else of it is left. */
export async function reapRun(
  run: DeadRun,
  spared: ReadonlySet<number>,
  { far = false }: Pick<ReapOptions, "far"> = {},
): Promise<ReapedRun> {
  const found = await leftoversOf(run, spared);
  const things = found.filter(isThing);
  const left = things.length === 0 ? [] : await removeThings(run, spared, far);
  if (left.length === 0) await removeRecords(run);
  const names = new Set(left.map(keyOf));
  const removed = (left.length === 0 ? found : things).filter((item) => !names.has(keyOf(item)));
  return { id: run.id, program: run.record?.program, removed, left };
}

/** Give what is still there. */
async function removeThings(
  run: DeadRun,
  spared: ReadonlySet<number>,
  far: boolean,
): Promise<readonly Leftover[]> {
  const gone = await removeMachines(run, far);
  await removeAll(run, spared);
  const left = await leftoversOf(run, spared);
  return left.filter((leftover) => isThing(leftover) && !gone.has(keyOf(leftover)));
}

/** Give the keys of those that are gone. */
async function removeMachines(run: DeadRun, far: boolean): Promise<ReadonlySet<string>> {
  const due = runMachines(run).filter(({ remains }) => far || !remains.far);
  const gone = new Set<string>();
  for (const { remains, directories } of due) {
    const isGone = await removeRemains(remains, directories).then(
      () => true,
      () => false,
    );
    if (isGone) gone.add(keyOf(machineLeftover(remains)));
  }
  return gone;
}

/** A thing outside the home's own records. */
function isThing({ kind }: Leftover): boolean {
  return kind !== "file";
}

async function lookAt(run: DeadRun, spared: ReadonlySet<number>): Promise<ReapedRun> {
  const removed = await leftoversOf(run, spared);
  return { id: run.id, program: run.record?.program, removed, left: [] };
}

/** Take a step. A step that fails does not keep the others from being taken: a later look sees what is left. */
async function removeAll(run: DeadRun, spared: ReadonlySet<number>): Promise<void> {
  const steps = [
    () => endServers(run),
    () => endAll(() => runProcesses(run, spared), graceMs),
    ...runSockets(run).map((socket) => () => removeOwnSocket(socket)),
    ...tmuxSockets(run).map((socket) => () => removeOwnSocket(socket)),
    ...runDirectories(run).map((directory) => () => removeOwnDirectory(directory)),
  ];
  for (const step of steps) await step().catch(() => {});
}

async function endServers(run: DeadRun): Promise<void> {
  const sockets = tmuxSockets(run);
  const there = await Promise.all(sockets.map(ownFileAt));
  const live = sockets.filter((_, index) => there[index] === "socket");
  if (live.length === 0) return;
  const { signal } = new AbortController();
  const machine = await new LocalImage({ workDir: "/" }).spawn({ name: "reaper", signal });
  try {
    for (const socket of live) await endServer(machine, socket);
  } finally {
    await machine.stop();
  }
}

async function endServer(machine: LocalMachine, socket: string): Promise<void> {
  const configPath = join(dirname(socket), "tmux.conf");
  await createTmux(machine, { socket, configPath, timeoutMs: tmuxMs }).killServer();
}

async function removeRecords({ record, recordFile, thingsFile }: DeadRun): Promise<void> {
  await removeOwnFile(thingsFile);
  if (recordFile === undefined) return;
  await removeOwnFile(recordFile);
  if (record) await removeShortDirectory({ record: recordFile, socket: record.socket });
}

function keyOf({ kind, name }: Leftover): string {
  return `${kind} ${name}`;
}
