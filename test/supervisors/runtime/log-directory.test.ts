import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { readJournal } from "../../../src/actors/journal/index.ts";
import { agent, agentProcess, currentRuntime, emit, piHarness, wait } from "../../../src/index.ts";
import { scriptedModel, testRun } from "../../../src/testing.ts";

let logDir: string;

beforeEach(async () => {
  logDir = await mkdtemp(join(tmpdir(), "ramure-logs-"));
});
afterEach(() => rm(logDir, { recursive: true, force: true }));

async function ran<Result>(body: () => Promise<Result>, options = { logDir }): Promise<Result> {
  const program = agentProcess({ name: "main", ...options }, body);
  return await (await testRun(program, [], { clock: systemClock })).finished();
}

const idOfRun = async () => currentRuntime().id;

async function idsIn(file: string): Promise<readonly unknown[]> {
  const ids: unknown[] = [];
  for await (const { type, data } of readJournal(join(logDir, file))) {
    if (type === "run-started") ids.push(Object(data).id);
  }
  return ids;
}

it("a run in the log directory of an earlier one begins a journal of its own", async () => {
  const first = await ran(idOfRun);
  const second = await ran(idOfRun);
  expect(await idsIn("runtime.jsonl")).toEqual([second]);
  expect(await idsIn(`runtime-${first}.jsonl`)).toEqual([first]);
  expect((await readdir(logDir)).filter((name) => name.startsWith("owner"))).toEqual(["owner.2"]);
});

it("a real pi of a later run reads nothing of an earlier one's conversation", async () => {
  const read: string[][] = [];
  await using model = await scriptedModel(({ messages }) => {
    const texts = messages.filter(({ role }) => role === "user").map(({ text }) => text);
    read.push(texts.filter((text) => /FIRST|SECOND/.test(text)));
    return [{ type: "say", text: "Heard." }];
  });
  const harness = piHarness({ agentDir: await model.agentDir(join(logDir, "pi")) });
  for (const word of ["FIRST", "SECOND"]) {
    const program = agentProcess({ name: "main", logDir, harness }, async () => {
      const worker = await agent("worker");
      await (await worker.send(word)).turn();
    });
    await program();
  }
  expect(read).toEqual([["FIRST"], ["SECOND"]]);
  expect(await readdir(join(logDir, "sessions", "a1"))).toHaveLength(2);
}, 120_000);

it("a second live run in one log directory is refused, and the first goes on", async () => {
  const program = agentProcess({ name: "main", logDir }, async () => {
    emit("ready");
    return await wait<string>();
  });
  const first = await testRun(program, [], { clock: systemClock });
  await first.handle.events.waitFor("ready");
  await expect(ran(idOfRun)).rejects.toMatchObject({ code: "log-dir" });
  await first.handle.cancel();
  await expect(first.finished()).rejects.toMatchObject({ code: "cancelled" });
  await ran(idOfRun);
});

it("a relative log directory is one and the same for all that write there", async () => {
  const given = relative(process.cwd(), logDir);
  const seen = await ran(async () => currentRuntime().logDir, { logDir: given });
  expect(isAbsolute(seen)).toBe(true);
  expect(seen).toBe(logDir);
});
