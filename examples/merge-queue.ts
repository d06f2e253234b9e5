/*
 * Branches are merged one after another, never two at once: a pool of size 1. One that does not merge
 * is left for later and fails alone.
 *
 *   npx tsx examples/merge-queue.ts path/to/repository branch-1 branch-2
 */
import { agentProcess, LocalImage, type Machine, machine, pool } from "ramure";

/** Merge one branch into what is checked out, or leave everything as it was. */
async function merge(repository: Machine, branch: string): Promise<string> {
  const merged = await repository.exec(["git", "merge", "--no-edit", branch]);
  if (merged.ok) return branch;
  await repository.exec(["git", "merge", "--abort"]);
  throw new Error(`${branch} does not merge: ${merged.stdout.trim()}`);
}

export const mergeQueue = agentProcess(async function mergeQueue(
  path: string,
  branches: readonly string[],
) {
  const repository = await machine({ image: new LocalImage({ workDir: path }) });
  const step = agentProcess(async function step(branch: string) {
    return await merge(repository, branch);
  });
  // A branch that conflicts goes back in behind the others and is tried once more.
  const queue = pool({ name: "merges", process: step, size: 1, tries: 2 });
  const outcomes = await queue(branches);
  return outcomes.map((outcome, i) =>
    outcome.status === "fulfilled"
      ? `merged ${outcome.value}`
      : `left ${branches[i]}: ${String(outcome.reason.message)}`,
  );
});

if (process.argv[1]?.endsWith("merge-queue.ts")) {
  const [path = ".", ...branches] = process.argv.slice(2);
  console.log((await mergeQueue(path, branches)).join("\n"));
}
