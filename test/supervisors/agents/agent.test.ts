import { expect, it } from "vitest";
import { agent, agentProcess, done, wait } from "../../../src/index.ts";
import { type Script, testRun } from "../../../src/testing.ts";

it("initial prompt: the agent has it, and the tools that it is given right away", async () => {
  const heard: string[] = [];
  const script: Script = async (worker) => {
    for await (const { text } of worker.messages) {
      heard.push(text);
      await worker.call("finish", {});
    }
  };
  const program = agentProcess(async () => {
    const worker = await agent("worker", { prompt: "Begin." });
    worker.on("finish", { description: "Finish." }, () => done("finished"));
    return await wait<string>();
  });
  const run = await testRun(program, [], { script });
  expect(await run.finished()).toBe("finished");
  expect(heard).toEqual(["Begin."]);
});

it("a process gives one local machine to all agents for which nobody chose another", async () => {
  const program = agentProcess(async () => {
    const [one, two] = [await agent("one"), await agent("two")];
    return { same: one.machine === two.machine, kind: one.machine.kind };
  });
  const run = await testRun(program, [], { script: () => {} });
  expect(await run.finished()).toEqual({ same: true, kind: "local" });
});
