import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Agent, agent, agentProcess, piHarness } from "../src/index.ts";
import { scriptedModel } from "../src/testing.ts";
import { buildBundles } from "./build/bundles.ts";
import { root } from "./source-files.ts";

/*
 * `npm run bench`: what ramure costs, beside the bare thing that does as much without it. Everything
 * is measured on this machine, now; docs/performance.md quotes what this prints.
 */

interface Row {
  readonly what: string;
  readonly ours: readonly number[];
  /** What it is measured against. */
  readonly bare?: readonly [what: string, times: readonly number[]] | undefined;
}

const rounds = 5;
const toolCalls = 50;
/** Nothing here takes this long, unless it is broken. */
const limitMs = 120_000;

async function main(): Promise<void> {
  await buildBundles();
  const folder = await mkdtemp(join(tmpdir(), "ramure-bench-"));
  process.env.RAMURE_HOME = join(folder, "home");
  try {
    print(await measure(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await kernelBench();
}

async function measure(folder: string): Promise<readonly Row[]> {
  await using model = await scriptedModel();
  const agentDir = await model.agentDir(folder);
  const run = benchProcess.with({ harness: piHarness({ agentDir }) });
  return await run(agentDir, model.name);
}

/** A run in which all is measured, ours and the bare thing by turns: a busy machine is unjust to both. */
const benchProcess = agentProcess(
  { timeoutMs: limitMs },
  async function bench(agentDir: string, model: string): Promise<readonly Row[]> {
    const agents: Agent[] = [];
    const start = async (): Promise<unknown> =>
      agents.push(await agent(`worker-${agents.length + 1}`, { model }));
    const [starts, bareStarts] = await timesOf(start, () => piAlone(agentDir, model));
    const calls = agents[0] ? await toolTimes(agents[0]) : [];
    const command = [join(root, "dist/cli/main.js"), "status"];
    const [status, bareNode] = await timesOf(
      () => execa(process.execPath, command),
      () => execa(process.execPath, ["-e", "0"]),
    );
    return [
      { what: "agent() until it is ready", ours: starts, bare: ["pi alone", bareStarts] },
      { what: "a tool call, there and back", ours: calls },
      { what: "ramure status", ours: status, bare: ["node -e 0", bareNode] },
    ];
  },
);

/** From the model's wish to the handler's answer back in pi, as pi's own events tell. */
async function toolTimes(worker: Agent): Promise<readonly number[]> {
  worker.on("ping", { description: "Answer at once." }, () => "pong");
  await worker.send(Array(toolCalls).fill("!call ping {}").join("\n!next\n"));
  const times: number[] = [];
  let start = 0;
  for await (const { type } of worker.events) {
    if (type === "tool-started") start = performance.now();
    if (type === "tool-ended" && times.push(performance.now() - start) === toolCalls) break;
  }
  return times;
}

/** pi without ramure, until it answers for the first time. */
async function piAlone(agentDir: string, model: string): Promise<void> {
  const words = ["--mode", "rpc", "--no-session", "--offline", "--model", model];
  const pi = execa("pi", words, {
    preferLocal: true,
    localDir: root,
    env: { PI_CODING_AGENT_DIR: agentDir },
    reject: false,
    timeout: limitMs,
  });
  pi.stdin.write('{"id":"1","type":"get_state"}\n');
  await Promise.race([once(pi.stdout, "data"), pi]);
  pi.kill();
  await pi;
}

type Round = () => PromiseLike<unknown>;

/** How long ours and the bare thing took in each round, in ms. */
async function timesOf(
  ours: Round,
  bare: Round,
): Promise<readonly [readonly number[], readonly number[]]> {
  const times: readonly [number[], number[]] = [[], []];
  for (let index = 0; index < rounds; index += 1) {
    times[0].push(await timeOf(ours));
    times[1].push(await timeOf(bare));
  }
  return times;
}

async function timeOf(round: Round): Promise<number> {
  const start = performance.now();
  await round();
  return performance.now() - start;
}

function print(rows: readonly Row[]): void {
  const table = rows.map(({ what, ours, bare }): readonly [string, object] => [
    what,
    { ours: median(ours), beside: bare ? `${bare[0]}: ${median(bare[1])}` : "" },
  ]);
  console.table(Object.fromEntries(table));
}

function median(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (place: number): string => (sorted[place] ?? 0).toFixed(1);
  return `${at(Math.floor(sorted.length / 2))} ms (${at(0)} to ${at(sorted.length - 1)})`;
}

async function kernelBench(): Promise<void> {
  const script = join(root, "scripts/bench-kernel.ts");
  if (!existsSync(script)) return;
  await execa(process.execPath, ["--import", "tsx", script], { cwd: root, stdio: "inherit" });
}

await main();
