import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import {
  type ControlEvent,
  connection,
  type HomeLayout,
  isNodeWithin,
  type JournalEntry,
  type RunRecord,
  type RunStatus,
  read,
  readJournal,
  resolveAddress,
  statusSchema,
  type TreeNode,
  treeNode,
  wantedEvents,
} from "../supervisors/runtime/outside.ts";
import { endOf, type RunEnd } from "./print/index.ts";

/** A run that is known by what it wrote. */
export interface EndedRun extends RunEnd {
  readonly id: string;
  readonly program: string;
  /** The name of its root process. */
  readonly root?: string | undefined;
  readonly summary?: string | undefined;
  readonly pid: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly logDir: string;
}

/** The number of entries that the list of runs reads for a run's name. */
const introduction = 20;

/** List the runs that have a journal and none of these records, oldest first. */
export async function endedRuns(
  layout: HomeLayout,
  live: readonly RunRecord[],
): Promise<readonly EndedRun[]> {
  const ids = await readdir(layout.logs).catch((): string[] => []);
  const ended = ids.filter((id) => !live.some((record) => record.id === id));
  const runs = await Promise.all(ended.map((id) => endedRun(id, join(layout.logs, id))));
  return runs.filter((run) => run !== undefined).sort((a, b) => a.startedAt - b.startedAt);
}

/** The run that wrote last of those that have a journal; undefined when there is none. */
export async function lastRun(layout: HomeLayout): Promise<EndedRun | undefined> {
  const ids = await readdir(layout.logs).catch((): string[] => []);
  const written = await Promise.all(
    ids.map(async (id) => {
      const file = await stat(journalOf(join(layout.logs, id))).catch(() => undefined);
      return { id, at: file?.mtimeMs ?? 0 };
    }),
  );
  for (const { id } of written.sort((a, b) => b.at - a.at)) {
    const run = await endedRun(id, join(layout.logs, id));
    if (run) return run;
  }
  return undefined;
}

/** Say what is known of the run that logged there; undefined when it wrote nothing that can be read. */
export async function endedRun(id: string, logDir: string): Promise<EndedRun | undefined> {
  try {
    const endedAt = Math.round((await stat(journalOf(logDir))).mtimeMs);
    const end = await endOf(journalOf(logDir));
    let known: EndedRun | undefined;
    for await (const entry of readJournal(journalOf(logDir))) {
      const { at, path, type, data } = entry;
      known ??= { id, logDir, program: path.slice(1), pid: 0, startedAt: at, endedAt, ...end };
      if (type === "run-started") return { ...known, ...introductionOf(data) };
      if (entry.seq >= introduction) break;
    }
    return known;
  } catch {
    // No journal, or none that this version reads: no run that one could look at.
    return undefined;
  }
}

/** Put the tree together as the journal leaves it. Throws JournalCorruptError, and ControlError when nothing is at `to`. */
export async function endedStatus(run: EndedRun, to?: string): Promise<RunStatus> {
  const nodes = new Map<string, TreeNode>();
  const connections = new Map<string, { readonly from: string; readonly to: string }>();
  let at = run.startedAt;
  for await (const entry of readJournal(journalOf(run.logDir))) {
    at = entry.at;
    const node = nodeOf(entry);
    if (node) nodes.set(node.path, node);
    if (isRemoval(entry)) removeBelow(nodes, entry.path);
    const connection = connectionOf(entry);
    if (!connection) continue;
    const key = `${connection.from} ${connection.to}`;
    if (entry.type === "connected") connections.set(key, connection);
    else connections.delete(key);
  }
  const { id, program, pid, startedAt, logDir, agents, cost } = run;
  const all = [...nodes.values()];
  const top = to === undefined ? undefined : resolveAddress(all, to).path;
  return {
    schema: statusSchema,
    at,
    run: { id, program, pid, startedAt, logDir, agents, cost },
    nodes: all.filter((node) => isNodeWithin(node.path, top)),
    connections: [...connections.values()].filter(
      ({ from, to: end }) => isNodeWithin(from, top) || isNodeWithin(end, top),
    ),
    endpoints: [],
  };
}

/** Read the events that a control client would have been given. */
export async function* endedEvents(
  run: EndedRun,
  wanted: {
    readonly to?: string | undefined;
    readonly from?: number | undefined;
    readonly types?: readonly string[] | undefined;
  },
): AsyncGenerator<ControlEvent> {
  const { to, from, types } = wanted;
  const top = to === undefined ? undefined : await pathIn(run, to);
  yield* wantedEvents(readJournal(journalOf(run.logDir), { from }), { top, types });
}

async function pathIn(run: EndedRun, to: string): Promise<string> {
  return resolveAddress((await endedStatus(run)).nodes, to).path;
}

function journalOf(logDir: string): string {
  return join(logDir, "runtime.jsonl");
}

const introductionData = v.object({
  program: v.optional(v.string()),
  pid: v.optional(v.number()),
  root: v.optional(v.string()),
  summary: v.optional(v.string()),
});

function introductionOf(data: unknown): Partial<EndedRun> {
  const { program, pid, ...rest } = read(introductionData, data, "run-started");
  return {
    ...rest,
    ...(program === undefined ? {} : { program }),
    ...(pid === undefined ? {} : { pid }),
  };
}

/** Remove a node with all below it. */
function removeBelow(nodes: Map<string, TreeNode>, top: string): void {
  for (const path of nodes.keys()) if (isNodeWithin(path, top)) nodes.delete(path);
}

/**
 * Tell whether the run removed a node. An entry of the run itself has no epoch; an event of a
 * program may have the same type, and has one.
 */
function isRemoval({ type, epoch }: JournalEntry): boolean {
  return type === "node-removed" && epoch === undefined;
}

function connectionOf({
  type,
  epoch,
  data,
}: JournalEntry): RunStatus["connections"][number] | undefined {
  if (epoch !== undefined || (type !== "connected" && type !== "disconnected")) return undefined;
  return read(connection, data, type);
}

/** Entries such as `process-state` hold the node as it was from then on. */
function nodeOf({ type, path, data }: JournalEntry): TreeNode | undefined {
  if (!type.endsWith("-state")) return undefined;
  try {
    const node = read(treeNode, data, type);
    return node.path === path ? node : undefined;
  } catch {
    // A state of something that is no node of the tree.
    return undefined;
  }
}
