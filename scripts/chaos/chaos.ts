import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildExtension } from "../build/extension.ts";
import { piKills, tmuxKills } from "./agents.ts";
import { owned, printed, redacted, shutOut, swapped } from "./edges.ts";
import { fuzz } from "./fuzz.ts";
import { poolTasks } from "./pool.ts";
import { type ChaosRow, type ChaosShare, shares, tableOf, wrongOf } from "./report.ts";
import { manyRuns } from "./runs.ts";
import { load, socketDrops } from "./sockets.ts";

/*
 * `npm run chaos [-- --deep] [--only NAME,…] [--size n] [--json]`: harm is done to a run, and it
 * is counted what was lost. Counts decide over the exit code; rates are only shown.
 */

const harms = {
  pi: (folder: string, share: ChaosShare) => piKills(folder, share.pis, share.piKills),
  tmux: (folder: string, share: ChaosShare) => tmuxKills(folder, share.pis, share.tmuxKills),
  drops: (_: string, share: ChaosShare) => socketDrops(share.drops),
  load: (_: string, share: ChaosShare) => load(share.agents, share.events),
  runs: (folder: string, share: ChaosShare) => manyRuns(join(folder, "home"), share.runs),
  pool: (_: string, share: ChaosShare) => poolTasks(share.tasks),
  fuzz: (_: string, share: ChaosShare) => fuzz(share.frames, Math.ceil(share.frames / 10)),
  printed: async (_: string, share: ChaosShare) => printed(share.edges * 10),
  redacted: async (_: string, share: ChaosShare) => redacted(Math.ceil(share.edges / 200)),
  swapped: (_: string, share: ChaosShare) => swapped(share.edges),
  owned: (_: string, share: ChaosShare) => owned(Math.ceil(share.edges / 10)),
  "shut-out": (_: string, share: ChaosShare) => shutOut(Math.ceil(share.edges / 100)),
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      deep: { type: "boolean", default: false },
      ci: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      only: { type: "string" },
      size: { type: "string" },
    },
  });
  const share = sized(
    values.deep ? shares.deep : values.ci ? shares.ci : shares.usual,
    values.size,
  );
  const names = values.only?.split(",") ?? Object.keys(harms);
  const rows = await harmAll(names, share);
  process.stdout.write(`${values.json ? JSON.stringify(rows, undefined, 2) : tableOf(rows)}\n`);
  const wrong = rows.flatMap(wrongOf);
  for (const line of wrong) process.stderr.write(`${line}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

/** How often each harm is done, where a person said so. */
function sized(share: ChaosShare, size: string | undefined): ChaosShare {
  if (size === undefined) return share;
  const times = Number(size);
  const harms = { piKills: times, tmuxKills: times, drops: times, events: times };
  return { ...share, ...harms, runs: times, frames: times, tasks: times, edges: times };
}

async function harmAll(names: readonly string[], share: ChaosShare): Promise<readonly ChaosRow[]> {
  const rows: ChaosRow[] = [];
  const folder = await mkdtemp(join(tmpdir(), "ramure-chaos-"));
  process.env.RAMURE_HOME = join(folder, "home");
  try {
    await buildExtension();
    for (const [name, harm] of Object.entries(harms)) {
      if (!names.includes(name)) continue;
      const row = await harm(folder, share);
      rows.push(row);
      process.stderr.write(`${tableOf([row]).split("\n").at(-1)}\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return rows;
}

await main();
