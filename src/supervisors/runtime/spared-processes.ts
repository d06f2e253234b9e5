import { readFile } from "node:fs/promises";
import type { RunRecord } from "./run-record.ts";

/**
 * Give the processes that no sweep may end, whatever marks they inherited: this one, the programs of
 * living runs, and those that they were started by.
 */
export async function sparedProcesses(living: readonly RunRecord[]): Promise<ReadonlySet<number>> {
  const spared = new Set<number>();
  for (const pid of [process.pid, ...living.map((record) => record.pid)]) {
    for (let next = pid; next > 0 && !spared.has(next); next = await parentOf(next)) {
      spared.add(next);
    }
  }
  return spared;
}

/** 0 where there is none, or nobody can tell. */
async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The command in brackets may hold blanks and brackets; the fields after the last one are safe.
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(parent ?? 0) || 0;
}
