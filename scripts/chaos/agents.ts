import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Agent,
  agent,
  agentProcess,
  currentRuntime,
  piHarness,
  type Receipt,
} from "../../src/index.ts";
import { findMarked } from "../../src/machines/local/processes.ts";
import { scriptedModel } from "../../src/testing.ts";
import { progress } from "./progress.ts";
import { type ChaosRow, ms, quantile } from "./report.ts";

/* What becomes of real pis, with messages in flight, when they or their tmux server are killed. */

/** Nothing here waits so long, unless it is broken. */
const limitMs = 120_000;
const orphanMs = 10_000;

/** One agent, as seen from outside. */
class Watched {
  readonly agent: Agent;
  /** From each kill to the event that tells of the death. */
  readonly deaths: number[] = [];
  pid = 0;
  lives = 0;
  #killedAt: number | undefined;

  constructor(worker: Agent) {
    this.agent = worker;
    void this.#follow();
  }

  get isUp(): boolean {
    return ["idle", "working", "waiting"].includes(this.agent.state);
  }

  /** Kill its pi, once it is up again after the last time. */
  async kill(): Promise<void> {
    await until(() => this.isUp && this.pid > 0, `${this.agent.path} is up`);
    const { pid, lives } = this;
    await pause(Math.random() * 300);
    this.noteKill();
    // 0 would be this very process.
    if (pid > 0) process.kill(pid, "SIGKILL");
    await until(() => this.lives > lives, `${this.agent.path} is back`);
  }

  noteKill(): void {
    this.#killedAt = performance.now();
  }

  async #follow(): Promise<void> {
    for await (const { type, data } of this.agent.events) {
      if (type === "exited") this.#died();
      if (type === "started") this.#started(data);
    }
  }

  #died(): void {
    if (this.#killedAt !== undefined) this.deaths.push(performance.now() - this.#killedAt);
    this.#killedAt = undefined;
    this.pid = 0;
  }

  #started(data: unknown): void {
    const isNamed = typeof data === "object" && data !== null && "pid" in data;
    this.pid = isNamed ? Number(data.pid) : 0;
    this.lives += 1;
  }
}

interface Told {
  readonly run: string;
  readonly logDir: string;
  readonly texts: readonly string[];
  readonly undelivered: number;
  readonly deaths: readonly number[];
  readonly orphans: number;
  readonly backMs: readonly number[];
}

/** Kill pis, spread over `pis` agents, with messages in flight. */
export async function piKills(folder: string, pis: number, kills: number): Promise<ChaosRow> {
  const tell = progress("kills of pi", kills);
  let killed = 0;
  const told = await withModel(folder, pis, async (crew) => {
    const shares = crew.map((_, n) => Math.floor((kills + n) / crew.length));
    await Promise.all(
      crew.map(async (one, n) => {
        for (let kill = 0; kill < (shares[n] ?? 0); kill += 1) {
          await one.kill();
          tell(++killed);
        }
      }),
    );
    return { backMs: [], orphans: 0 };
  });
  return await rowOf(`kill -9 of pi, ${kills}`, told);
}

/** Kill the tmux server of `pis` agents, with messages in flight. */
export async function tmuxKills(folder: string, pis: number, kills: number): Promise<ChaosRow> {
  const tell = progress("kills of the tmux server", kills);
  const told = await withModel(folder, pis, async (crew, run) => {
    const backMs: number[] = [];
    let orphans = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const { back, left } = await killTmux(crew, run);
      backMs.push(back);
      orphans += left;
      tell(kill + 1);
    }
    return { backMs, orphans };
  });
  const row = await rowOf(`kill -9 of the tmux server, ${kills}`, told);
  const rates = { ...row.rates, "all back": `median ${ms(quantile(told.backMs, 0.5))}` };
  return { ...row, rates };
}

async function killTmux(crew: readonly Watched[], run: string) {
  await until(() => crew.every(({ isUp, pid }) => isUp && pid > 0), "all agents are up");
  await pause(Math.random() * 300);
  const server = await tmuxServer(run);
  const [pids, lives] = [crew.map(({ pid }) => pid), crew.map((one) => one.lives)];
  const start = performance.now();
  for (const one of crew) one.noteKill();
  process.kill(server, "SIGKILL");
  await until(() => crew.every((one, n) => one.lives > (lives[n] ?? 0)), "all agents are back");
  const back = performance.now() - start;
  const left = async () => (await living(run)).filter((pid) => pids.includes(pid)).length;
  while ((await left()) > 0 && performance.now() - start < orphanMs) await pause(100);
  return { back, left: await left() };
}

async function tmuxServer(run: string): Promise<number> {
  for (const pid of await living(run)) {
    const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    if (comm.startsWith("tmux: server")) return pid;
  }
  throw new Error("The run has no tmux server; is tmux 3.2 or newer installed?");
}

async function living(run: string): Promise<readonly number[]> {
  return ((await findMarked("RAMURE_RUN", run)) ?? []).map(({ pid }) => pid);
}

type Harm = (
  crew: readonly Watched[],
  run: string,
) => Promise<{ readonly backMs: readonly number[]; readonly orphans: number }>;

async function withModel(folder: string, pis: number, harm: Harm): Promise<Told> {
  await using model = await scriptedModel();
  const agentDir = await model.agentDir(join(folder, "pi"));
  const program = agentProcess(
    { harness: piHarness({ agentDir }) },
    async function chaos(): Promise<Told> {
      const { id: run, logDir } = currentRuntime();
      const crew = await Promise.all(Array.from({ length: pis }, (_, n) => hire(n + 1)));
      const over = new AbortController();
      const feeding = crew.map((one) => feed(one.agent, over.signal));
      const { backMs, orphans } = await harm(crew, run);
      over.abort();
      const fed = (await Promise.all(feeding)).flat();
      const undelivered = await waitFor(fed.map(({ receipt }) => receipt));
      const texts = fed.map(({ text }) => text);
      const deaths = crew.flatMap((one) => one.deaths);
      return { run, logDir, texts, undelivered, deaths, orphans, backMs };
    },
  );
  return await program();
}

async function hire(n: number): Promise<Watched> {
  const often = { maxRestarts: 100_000, withinMs: 1_000, maxConsecutive: 100_000 };
  const backoff = { initialMs: 20, maxMs: 20 };
  return new Watched(await agent(`worker-${n}`, { policy: { ...often, backoff } }));
}

interface Fed {
  readonly text: string;
  readonly receipt: Receipt;
}

/** Send message after message, a few ahead of the agent. */
async function feed(worker: Agent, over: AbortSignal): Promise<readonly Fed[]> {
  const fed: Fed[] = [];
  const inFlight = new Set<Receipt>();
  while (!over.aborted) {
    const text = `MESSAGE ${worker.name} ${fed.length}.\n!sleep 30\n!say heard`;
    const receipt = await worker.send(text);
    fed.push({ text, receipt });
    inFlight.add(receipt);
    receipt.delivered().then(
      () => inFlight.delete(receipt),
      () => {},
    );
    while (inFlight.size >= 4 && !over.aborted) await pause(20);
    await pause(Math.random() * 200);
  }
  return fed;
}

/** How many were not delivered in time. */
async function waitFor(receipts: readonly Receipt[]): Promise<number> {
  let left = receipts.length;
  const all = Promise.allSettled(
    receipts.map(async (receipt) => {
      await receipt.turn();
      left -= 1;
    }),
  );
  await Promise.race([all, pause(limitMs, undefined, { ref: false })]);
  return left;
}

async function rowOf(what: string, told: Told): Promise<ChaosRow> {
  const said = await saidIn(told.logDir);
  const times = told.texts.map((text) => said.filter((one) => one === text).length);
  return {
    what,
    counts: {
      lost: times.filter((count) => count === 0).length,
      doubled: times.filter((count) => count > 1).length,
      "without a receipt": told.undelivered,
      orphans: told.orphans,
      "left behind": (await living(told.run)).length,
    },
    rates: {
      messages: String(told.texts.length),
      "death seen": `median ${ms(quantile(told.deaths, 0.5))}, worst ${ms(quantile(told.deaths, 1))}`,
    },
  };
}

/** What users said, in all the transcripts of a run. */
async function saidIn(logDir: string): Promise<readonly string[]> {
  const names = await readdir(join(logDir, "sessions"), { recursive: true });
  const files = names.filter((name) => name.endsWith(".jsonl") && !name.includes("pane"));
  const texts = await Promise.all(
    files.map((name) => readFile(join(logDir, "sessions", name), "utf8")),
  );
  return texts.flatMap((text) => text.split("\n").flatMap(userTextIn));
}

function userTextIn(line: string): readonly string[] {
  if (!line.includes('"MESSAGE ')) return [];
  const entry: unknown = JSON.parse(line);
  const found = /"text":("MESSAGE (?:[^"\\]|\\.)*")/.exec(JSON.stringify(entry));
  const text: unknown = JSON.parse(found?.[1] ?? '""');
  return line.includes('"role":"user"') && typeof text === "string" ? [text] : [];
}

async function until(is: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!is()) {
    if (performance.now() > deadline) throw new Error(`Not within ${limitMs} ms: ${what}.`);
    await pause(10);
  }
}
