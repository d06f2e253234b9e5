import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { expect, it } from "vitest";
import { findMarked } from "../../../src/machines/local/processes.ts";
import { programOf } from "../../setup/programs.ts";

it("a run stops all agents of a process at the same time, one that hangs among them, and all that they left", async () => {
  const home = await mkdtemp(join(tmpdir(), "ramure-stops-home-"));
  const program = start(home);
  const run = await ready(program);
  const before = await commandsOf(run);
  for (const left of ["sleep 611", "sleep 612", "sleep 613"]) {
    expect(before.filter((command) => command === left)).toHaveLength(3);
  }
  program.kill("SIGTERM");
  const { signal } = await program;
  expect(signal).toBe("SIGTERM");
  expect(await commandsOf(run)).toEqual([]);
  expect(await readdir(join(home, "runtimes"))).toEqual([]);

  const states = statesIn(await readFile(join(home, "logs", run, "runtime.jsonl"), "utf8"));
  const ends = states.filter((state) => state === "stopping" || state === "stopped");
  expect(ends).toEqual([...Array(3).fill("stopping"), ...Array(3).fill("stopped")]);
  await rm(home, { recursive: true });
});

function start(home: string) {
  return execa(process.execPath, [programOf("test/fixtures/stops.ts")], {
    env: { RAMURE_HOME: home },
    reject: false,
    forceKillAfterDelay: false,
    timeout: 150_000,
  });
}

async function ready(program: ReturnType<typeof start>): Promise<string> {
  for await (const line of createInterface({ input: program.stdout })) {
    const [word, id] = line.split(" ");
    if (word === "ready" && id !== undefined) return id;
  }
  throw new Error(`The program ended before it was ready: ${(await program).stderr}`);
}

/** The command lines of the living processes that carry the run's mark. */
async function commandsOf(run: string): Promise<readonly string[]> {
  const found = (await findMarked("RAMURE_RUN", run)) ?? [];
  const read = ({ pid }: { readonly pid: number }) => readFile(`/proc/${pid}/cmdline`, "utf8");
  const lines = found.map((one) => read(one).catch(() => ""));
  return (await Promise.all(lines)).map((line) => line.split("\0").join(" ").trim());
}

/** What became of the agents, in order. */
function statesIn(journal: string): readonly string[] {
  const entries = journal
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return entries.filter(({ type }) => type === "agent-state").map(({ data }) => data.state);
}
