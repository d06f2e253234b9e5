import { readdir, readFile } from "node:fs/promises";
import { poll } from "./clock.ts";

/** One live process of this host. Pid and start time together name it for good; a pid alone is reused. */
export interface HostProcess {
  readonly pid: number;
  readonly parent: number;
  /** The start of the process, in clock ticks since boot. */
  readonly startTime: number;
  readonly group: number;
  readonly session: number;
}

/** The outcome of a sweep. */
export interface Sweep {
  /** False where the host has no `/proc`: then nothing was looked for and nothing ended. */
  readonly supported: boolean;
  readonly ended: readonly HostProcess[];
  /** Still there at the end: not ours to signal, or stuck in the kernel. */
  readonly left: readonly HostProcess[];
}

/** List the processes that live: a zombie does not. Undefined where the host has no `/proc`. */
export async function liveProcesses(): Promise<readonly HostProcess[] | undefined> {
  const pids = await processIds();
  if (!pids) return undefined;
  const found = await Promise.all(pids.map(readProcess));
  return found.filter((entry) => entry !== undefined);
}

/** Find live processes whose environment at their start has `name=value`, this process apart. */
export async function findMarked(
  name: string,
  value: string,
): Promise<readonly HostProcess[] | undefined> {
  const pids = await processIds();
  if (!pids) return undefined;
  const marker = Buffer.from(`\0${name}=${value}\0`);
  const others = pids.filter((pid) => pid !== process.pid);
  const found = await Promise.all(others.map((pid) => markedProcess(pid, marker)));
  return found.filter((entry) => entry !== undefined);
}

/**
 * End whatever `find` finds, until it finds nothing: SIGTERM, then SIGKILL.
 *
 * Looks again after each round, so what was forked meanwhile is ended too. Takes at most about twice
 * `graceMs`.
 */
export async function endAll(
  find: () => Promise<readonly HostProcess[] | undefined>,
  graceMs: number,
): Promise<Sweep> {
  const seen = new Map<string, HostProcess>();
  let left: readonly HostProcess[] = [];
  const signalled = new Set<string>();
  const round = async (signal: NodeJS.Signals): Promise<boolean> => {
    left = (await find()) ?? [];
    for (const entry of left) {
      seen.set(keyOf(entry), entry);
      const once = `${signal} ${keyOf(entry)}`;
      if (!signalled.has(once)) signalProcess(entry.pid, signal);
      signalled.add(once);
    }
    return left.length === 0;
  };
  if ((await find()) === undefined) return { supported: false, ended: [], left: [] };
  await signalUntilGone(round, graceMs);
  const remaining = new Set(left.map(keyOf));
  const ended = [...seen].filter(([key]) => !remaining.has(key)).map(([, entry]) => entry);
  return { supported: true, ended, left };
}

/** Tell whether this very process lives: same pid, same start, not a zombie. */
export async function isLive(entry: HostProcess): Promise<boolean> {
  return (await readProcess(entry.pid))?.startTime === entry.startTime;
}

/** Read one live process; undefined for none, a zombie, or a host without `/proc`. */
export async function readProcess(pid: number): Promise<HostProcess | undefined> {
  const stat = await readOrNothing(`/proc/${pid}/stat`);
  return stat && parseStat(pid, stat.toString("latin1"));
}

/** Read the environment that a process was started with; empty where it cannot be read. */
export async function environmentOf(
  pid: number,
): Promise<readonly (readonly [name: string, value: string])[]> {
  const environ = await readOrNothing(`/proc/${pid}/environ`);
  return String(environ ?? "")
    .split("\0")
    .map((line) => {
      const [name = "", ...rest] = line.split("=");
      return [name, rest.join("=")];
    });
}

/** Read the name of the command that a process runs; `gone` where it cannot be read. */
export async function commandOf(pid: number): Promise<string> {
  return String((await readOrNothing(`/proc/${pid}/comm`)) ?? "gone").trim();
}

function parseStat(pid: number, stat: string): HostProcess | undefined {
  // The second field is the command in parentheses and may hold anything, so read from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  };
}

async function markedProcess(pid: number, marker: Buffer): Promise<HostProcess | undefined> {
  const environ = await readOrNothing(`/proc/${pid}/environ`);
  if (!environ || !Buffer.concat([nul, environ, nul]).includes(marker)) return undefined;
  return readProcess(pid);
}

const nul = Buffer.from([0]);

async function processIds(): Promise<readonly number[] | undefined> {
  try {
    const names = await readdir("/proc");
    const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
    return pids.length > 0 ? pids : undefined;
  } catch {
    return undefined;
  }
}

/** Processes come and go while the table is read, and others' are closed to us: both count as absent. */
async function readOrNothing(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}

/** Signal a process, or with a negative pid its group. What is gone or not ours is no error. */
function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it ended by itself. EPERM: not ours; a sweep reports it as left.
  }
}

function keyOf({ pid, startTime }: HostProcess): string {
  return `${pid} ${startTime}`;
}

/** The time between SIGTERM and SIGKILL, in ms. */
export const graceMs = 1_000;

/** End a process group: SIGTERM, then SIGKILL. Resolves when nothing of it lives, or after twice the grace. */
export async function endGroup(group: number, grace: number = graceMs): Promise<void> {
  const gone = groupGone(group);
  let signalled: NodeJS.Signals | undefined;
  await signalUntilGone((signal) => {
    if (signalled !== signal) signalProcess(-group, signal);
    signalled = signal;
    return gone();
  }, grace);
}

/** Call a round with SIGTERM until it says that all are gone, or the grace is over; then with SIGKILL likewise. */
async function signalUntilGone(
  round: (signal: NodeJS.Signals) => Promise<boolean>,
  grace: number,
): Promise<void> {
  if (await poll(() => round("SIGTERM"), { withinMs: grace })) return;
  let looks = 0;
  const look = (): Promise<boolean> => {
    looks += 1;
    return round("SIGKILL");
  };
  const withinMs = Math.max(grace, leastKillMs);
  while (!(await poll(look, { withinMs })) && looks < fewestLooks);
}

/** The time that what was killed has to go, on a fast host. */
const leastKillMs = 2_000;
/** The looks after a kill on a busy host, where one may take longer than the grace. */
const fewestLooks = 20;

/** Orphans may stay zombies for a while when PID 1 is slow, and a zombie still takes signals: look closer now and then. */
function groupGone(group: number): () => Promise<boolean> {
  let asked = 0;
  return async () => {
    if (!groupExists(group)) return true;
    asked += 1;
    return asked % 2 === 0 && (await onlyZombies(group));
  };
}

/** Tell whether the group has any member, zombies included. */
export function groupExists(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function onlyZombies(group: number): Promise<boolean> {
  const live = await sharedLook();
  return live !== undefined && !live.some((process) => process.group === group);
}

let looking: ReturnType<typeof liveProcesses> | undefined;

/** Look at all groups. Many may be ending at once: a caller during a look gets the result of that look. */
function sharedLook(): ReturnType<typeof liveProcesses> {
  looking ??= liveProcesses().finally(() => {
    looking = undefined;
  });
  return looking;
}

/**
 * Tell when a process started, as text that only means something when compared.
 *
 * With the pid it names one process for good: a reused pid has another start.
 * `undefined` when there is no such process.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") {
    const found = await readProcess(pid);
    return found && String(found.startTime);
  }
  const { execa } = await import("execa");
  const listed = await execa("ps", ["-o", "lstart=", "-p", String(pid)], {
    reject: false,
    env: { LC_ALL: "C" },
  });
  return listed.stdout.trim() || undefined;
}

/** Tell whether the process with this pid is the one that had this start. */
export async function isSameProcess(pid: number, start: string | undefined): Promise<boolean> {
  const now = await processStart(pid);
  return now !== undefined && (start === undefined || now === start);
}
