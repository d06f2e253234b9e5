import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildExtension } from "../scripts/build/extension.ts";
import { piKills, tmuxKills } from "../scripts/chaos/agents.ts";
import { owned, printed, redacted, shutOut, swapped } from "../scripts/chaos/edges.ts";
import { fuzz } from "../scripts/chaos/fuzz.ts";
import { poolTasks } from "../scripts/chaos/pool.ts";
import { type ChaosRow, shares, wrongOf } from "../scripts/chaos/report.ts";
import { manyRuns } from "../scripts/chaos/runs.ts";
import { load, socketDrops } from "../scripts/chaos/sockets.ts";

const share = shares.ci;
let folder = "";
let home = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-chaos-"));
  home = join(folder, "home");
  vi.stubEnv("RAMURE_HOME", home);
  await buildExtension();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Everything that must be nought is, and people can read the rest. */
function harmless(row: ChaosRow): void {
  console.info(`${row.what}: ${JSON.stringify(row.rates)}`);
  expect(wrongOf(row)).toEqual([]);
}

describe("whatever is killed", { timeout: 300_000 }, () => {
  it(`a run whose parts are killed loses and doubles no message: pi, ${share.piKills} times`, async () => {
    harmless(await piKills(folder, share.pis, share.piKills));
  });

  it(`a run whose parts are killed brings every agent back, and leaves no orphan: the tmux server, ${share.tmuxKills} times`, async () => {
    harmless(await tmuxKills(folder, share.pis, share.tmuxKills));
  });

  it(`a run whose parts are killed keeps messages in order: the links, ${share.drops} times`, async () => {
    harmless(await socketDrops(share.drops));
  });

  it(`a run whose parts are killed takes in all that ${share.agents} agents tell`, async () => {
    harmless(await load(share.agents, share.events));
  });

  it(`a run whose parts are killed reads or refuses ${share.frames} broken frames, and outlives a tenth as many broken clients`, async () => {
    harmless(await fuzz(share.frames, share.frames / 10));
  });

  it("a run whose edges are attacked lets nothing through", async () => {
    harmless(printed(share.edges * 10));
    harmless(redacted(1));
    harmless(await swapped(share.edges));
    harmless(await owned(share.edges / 10));
    harmless(await shutOut(share.edges / 100));
  });

  it(`a pool keeps nothing of the ${share.tasks} tasks that are done`, async () => {
    harmless(await poolTasks(share.tasks));
  });

  it(`a run whose parts are killed gives back all that ${share.runs} runs took`, async () => {
    harmless(await manyRuns(home, share.runs));
  });
});
