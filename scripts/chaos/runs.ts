import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { agent, agentProcess, done, retry, wait } from "../../src/index.ts";
import { scriptedHarness } from "../../src/testing.ts";
import { progress } from "./progress.ts";
import { type ChaosRow, keptMb, ms } from "./report.ts";

/* Run after run in one process: what the first ones took must be back after the last. */

const warmUps = 5;

let tries = 0;

/** Hires an agent, fails the first time, is started again, and is done by a tool. */
const flaky = agentProcess(async function flaky() {
  tries += 1;
  if (tries % 2 === 1) throw new Error("the first try always fails");
  const worker = await agent("worker", { prompt: "finish" });
  worker.on("finish", { description: "Be done." }, () => done("finished"));
  return await wait();
});

const harness = scriptedHarness(async (one) => {
  for await (const _ of one.messages) await one.call("finish");
});

const program = retry(flaky, { maxRestarts: 3, backoff: { initialMs: 1 } }).with({ harness });

/** `home` is RAMURE_HOME. */
export async function manyRuns(home: string, runs: number): Promise<ChaosRow> {
  for (let run = 0; run < warmUps; run += 1) await program();
  const before = await held(home);
  const heap = keptMb();
  const start = performance.now();
  const tell = progress("runs", runs);
  for (let run = 0; run < runs; run += 1) {
    tell(run);
    await program();
  }
  const eachMs = (performance.now() - start) / runs;
  const after = await held(home);
  const grown = Object.keys(before).map((key) => [key, (after[key] ?? 0) - (before[key] ?? 0)]);
  const counts: Record<string, number> = Object.fromEntries(
    grown.map(([key, more]) => [key, Math.max(0, Number(more))]),
  );
  const grownMb = keptMb() - heap;
  counts["kB of heap a run over 50"] = Math.max(0, Math.ceil((grownMb * 1_024) / runs - 50));
  return {
    what: `${runs} runs in one process`,
    counts,
    rates: { "each run": ms(eachMs), "heap grown": `${grownMb.toFixed(1)} MB` },
  };
}

/** What a run takes of this process and of the disk, logs apart: they are kept on purpose. */
async function held(home: string): Promise<Record<string, number>> {
  // Sockets that were closed a moment ago still count.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const resources = process.getActiveResourcesInfo();
  const names = process.eventNames();
  return {
    descriptors: (await readdir("/proc/self/fd")).length,
    timers: resources.filter((name) => name === "Timeout" || name === "Immediate").length,
    handles: resources.filter((name) => !["Timeout", "Immediate"].includes(name)).length,
    listeners: names.reduce((total, name) => total + process.listenerCount(name), 0),
    files: (await readdir(join(home, "runtimes"), { recursive: true })).length,
  };
}
