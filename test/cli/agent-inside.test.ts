import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJournal } from "../../src/actors/journal/index.ts";
import {
  agent,
  agentProcess,
  currentRuntime,
  expose,
  LocalImage,
  piHarness,
} from "../../src/index.ts";
import { scriptedModel } from "../../src/testing.ts";
import { type BuiltCli, builtCli } from "../fixtures/built-cli.ts";
import { scratch } from "../machines/scratch.ts";

let cli: BuiltCli;
const folder = scratch()();

beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli.remove());

it("a real pi cannot stop its run or approve for a person by the CLI, but look at it", async () => {
  const words = ["stop", "call approve", "send root yes", "status", "call --as-person approve"];
  const ramure = `${process.execPath} ${cli.main}`;
  const command = words.map((each) => `${ramure} ${each} >> out 2>&1; echo code $? >> out`);
  let asked = 0;
  await using model = await scriptedModel(() =>
    asked++ === 0
      ? [{ type: "call", tool: "bash", args: { command: command.join("\n") } }]
      : [{ type: "say", text: "I tried." }],
  );
  let approved = 0;
  const program = agentProcess(
    {
      name: "root",
      harness: piHarness({ agentDir: await model.agentDir(join(folder, "pi")) }),
      image: new LocalImage({ workDir: folder }),
    },
    async () => {
      expose("approve", { description: "For a person." }, () => {
        approved += 1;
      });
      const worker = await agent("worker");
      await (await worker.send("Try.")).turn();
      return currentRuntime();
    },
  );
  const { id, logDir } = await program();
  const out = await readFile(join(folder, "out"), "utf8");
  expect(out.match(/^code \d+$/gm)).toEqual(["code 7", "code 7", "code 7", "code 0", "code 0"]);
  expect(out).toMatch(/worker +agent/);
  expect(approved).toBe(1);
  const requests: unknown[] = [];
  for await (const { type, data } of readJournal(join(logDir, "runtime.jsonl")))
    if (type === "control-request") requests.push(data);
  expect(requests).toMatchObject([
    {
      verb: "endpoint.call",
      endpoint: "approve",
      from: { run: id, launch: expect.any(String), asPerson: true },
    },
  ]);
});
