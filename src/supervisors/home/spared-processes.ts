import { readFile } from "node:fs/promises";
import { liveProcesses, readProcess } from "../../machines/local/index.ts";
import type { RunRecord } from "./run-record.ts";

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

async function carries(pid: number, id: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return environment.split("\0").includes(`RAMURE_RUN=${id}`);
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
