import {
  environmentOf,
  findMarked,
  liveProcesses,
  readProcess,
} from "../../machines/local/index.ts";
import { type HomeLayout, homeLayout } from "./home.ts";
import { listRuns, type RunRecord } from "./run-record.ts";

/**
 * Give the processes that no sweep for the run `id` may end, though they carry its mark: this one and
 * the programs of living runs, those that they were started by, and, where they inherited the mark
 * themselves, those that they started.
 */
export async function sparedProcesses(
  id: string,
  living: readonly RunRecord[],
): Promise<ReadonlySet<number>> {
  const programs = [process.pid, ...living.map(({ pid }) => pid)];
  const spared = new Set<number>();
  for (const pid of programs) {
    for (let next = pid; next > 0 && !spared.has(next); next = await parentOf(next)) {
      spared.add(next);
    }
  }
  const marked = await Promise.all(programs.map((pid) => carries(pid, id)));
  const heirs = programs.filter((_, index) => marked[index]);
  if (heirs.length > 0) for (const pid of await below(heirs)) spared.add(pid);
  return spared;
}

/**
 * Find the living runs of other homes whose programs may carry the mark of the run `id`: one of them
 * was started inside it, with a home of its own.
 */
export async function livingElsewhere(
  id: string,
  { runtimes }: HomeLayout,
): Promise<readonly RunRecord[]> {
  const marked = (await findMarked("RAMURE_RUN", id)) ?? [];
  const homes = new Map<string, HomeLayout>();
  for (const { pid } of marked) {
    const layout = homeLayout(Object.fromEntries(await environmentOf(pid)));
    if (layout.runtimes !== runtimes) homes.set(layout.runtimes, layout);
  }
  const runs = await Promise.all([...homes.values()].map(listRuns));
  return runs.flat().flatMap(({ record, liveness }) => (liveness === "dead" ? [] : record));
}

async function carries(pid: number, id: string): Promise<boolean> {
  return (await environmentOf(pid)).some(([name, value]) => name === "RAMURE_RUN" && value === id);
}

/** Give these processes and all that they started. */
async function below(roots: readonly number[]): Promise<ReadonlySet<number>> {
  const children = await childrenByParent();
  const found = new Set<number>();
  const waiting = [...roots];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    waiting.push(...(children.get(pid) ?? []));
  }
  return found;
}

async function childrenByParent(): Promise<ReadonlyMap<number, readonly number[]>> {
  const children = new Map<number, number[]>();
  for (const { pid, parent } of (await liveProcesses()) ?? []) {
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

/** 0 where there is none, or nobody can tell. */
async function parentOf(pid: number): Promise<number> {
  return (await readProcess(pid))?.parent ?? 0;
}
