import { type HomeLayout, type Leftover, type ReapedRun, reap } from "../home/index.ts";
import type { LiveRun } from "./live-run.ts";
import { tellLine } from "./tell.ts";

/**
 * Remove what runs of this home left that are dead by now, and tell the person at the terminal.
 *
 * Never rejects: what another run left is no reason for this one not to go on.
 */
export async function reapOthers(layout: HomeLayout, runtime: LiveRun): Promise<void> {
  try {
    const onSlow = ({ id }: { readonly id: string }) => say(`removing what run ${id} left …`);
    for (const run of await reap(layout, { onSlow })) {
      const { id, program, removed, left } = run;
      runtime.note({ type: "reaped", path: "/", data: { run: id, program, removed, left } });
      say(lineOf(run));
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`what dead runs left could not be removed (${why}); ramure gc tries again.`);
  }
}

/** Tell the person at the terminal what a run could not remove at its own end. */
export function sayLeft(left: readonly Leftover[]): void {
  if (left.length > 0) say(`still there: ${namesOf(left)}. ramure gc tries again.`);
}

function lineOf({ id, removed, left }: ReapedRun): string {
  const gone = removed.length > 0 ? `removed what run ${id} left: ${countsOf(removed)}.` : "";
  const still = left.length > 0 ? `Of run ${id} is still there: ${namesOf(left)}.` : "";
  return [gone, still].filter(Boolean).join(" ");
}

function countsOf(leftovers: readonly Leftover[]): string {
  const kinds = [...new Set(leftovers.map(({ kind }) => kind))];
  const count = (kind: string) => leftovers.filter((leftover) => leftover.kind === kind).length;
  return kinds.map((kind) => `${count(kind)} ${plural(kind, count(kind))}`).join(", ");
}

function plural(kind: Leftover["kind"], count: number): string {
  if (count === 1) return kind.replace("-", " ");
  const many = { process: "processes", directory: "directories" };
  return kind === "process" || kind === "directory" ? many[kind] : `${kind.replace("-", " ")}s`;
}

function namesOf(leftovers: readonly Leftover[]): string {
  return leftovers.map(({ kind, name }) => `${kind.replace("-", " ")} ${name}`).join(", ");
}

function say(line: string): void {
  tellLine(`ramure: ${line}`);
}
