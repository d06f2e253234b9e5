import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { processStart } from "../../machines/local/index.ts";
import { homeLayout, loadReaper } from "../home/index.ts";

/** The first part of the names of this host's homes; other hosts may share the temporary directory. */
const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 6);

/** The name of a home says whose it is: that of host `3f0c1a` and process 4711 is `ramure-test-3f0c1a-4711-…`. */
const nameOfHome = new RegExp(`^ramure-test-${host}-(\\d+)-\\w+$`);

let swept: Promise<void> | undefined;

/** Make a home for a run of a test. The first call removes the homes of processes that were killed. */
export async function makeTestHome(): Promise<string> {
  swept ??= sweepTestHomes();
  await swept;
  return await mkdtemp(join(tmpdir(), `ramure-test-${host}-${process.pid}-`));
}

/** Remove the homes in the temporary directory whose process is gone, and what their runs left. Never rejects. */
async function sweepTestHomes(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = Number(nameOfHome.exec(name)?.[1] ?? process.pid);
    if (pid === process.pid || (await processStart(pid)) !== undefined) continue;
    // Somebody else's cannot be removed, and is not ours to remove.
    await removeTestHome(join(tmpdir(), name)).catch(() => {});
  }
}

async function removeTestHome(home: string): Promise<void> {
  const reap = await loadReaper();
  const runs = await reap(homeLayout({ RAMURE_HOME: home }), {});
  if (runs.every(({ left }) => left.length === 0)) await rm(home, { recursive: true, force: true });
}
