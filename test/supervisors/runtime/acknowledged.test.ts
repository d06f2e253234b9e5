import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { type JournalEntry, readJournal } from "../../../src/actors/journal/index.ts";
import { programOf } from "../../setup/programs.ts";

const kills = 4;

it(`the journal has all that was promised to a program that is killed, ${kills} times`, async () => {
  const home = await mkdtemp(join(tmpdir(), "ramure-acknowledged-"));
  try {
    for (let kill = 1; kill <= kills; kill += 1) {
      const promised = await killedAfter(home, 40 * kill);
      const [run = ""] = (await readdir(join(home, "logs"))).sort();
      const kept = await keptOf(join(home, "logs", run, "runtime.jsonl"));
      expect(promised.messages.filter((id) => !kept.messages.has(id))).toEqual([]);
      expect(promised.results.filter((result) => !kept.results.has(result))).toEqual([]);
      expect(promised.messages.length).toBeGreaterThanOrEqual(40 * kill);
      await rm(join(home, "logs"), { recursive: true });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

/** Kill the program in the middle of what it does, when it was promised so much; give what it was. */
async function killedAfter(home: string, count: number) {
  const program = execa(process.execPath, [programOf("test/fixtures/acknowledges.ts")], {
    env: { RAMURE_HOME: home },
    reject: false,
    buffer: false,
    timeout: 150_000,
  });
  let said = "";
  program.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split("\n").length > count) program.kill("SIGKILL");
  });
  await program;
  const lines = said.split("\n").filter((line) => / result \d+$/.test(line));
  return {
    messages: lines.map((line) => line.split(" ")[1] ?? ""),
    results: lines.map((line) => Number(line.split(" ")[3])),
  };
}

async function keptOf(file: string) {
  const messages = new Set<unknown>();
  const results = new Set<unknown>();
  for await (const entry of readJournal(file)) {
    if (entry.type === "message-taken") messages.add(member(entry, "id"));
    if (entry.type === "done") results.add(member(entry, "result"));
  }
  return { messages, results };
}

function member({ data }: JournalEntry, name: string): unknown {
  return typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;
}
