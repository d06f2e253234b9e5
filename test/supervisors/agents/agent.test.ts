import { expect, it } from "vitest";
import { agent, agentProcess, currentProcess, done, wait } from "../../../src/index.ts";
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

it("a process tells in `restarting` why and when, in one line and in whole milliseconds", async () => {
  const screen = "Error: out of memory\n (esc to interrupt) 12% context";
  const script: Script = async (worker) => {
    await worker.next();
    worker.crash(screen);
  };
  const program = agentProcess(async () => {
    const worker = await agent("worker", { prompt: "Begin." });
    const restarting = await currentProcess().events.waitFor("restarting");
    return { restarting: restarting.data, exited: (await worker.events.waitFor("exited")).data };
  });
  const run = await testRun(program, [], { script });
  const { restarting, exited } = await run.finished();
  expect(restarting).toMatchObject({
    id: "worker",
    delayMs: expect.toSatisfy(Number.isInteger),
    reason: { message: "/process/worker is lost: its process ended: exit code 1." },
  });
  expect(exited).toMatchObject({ message: expect.stringContaining(screen) });
});

it("a process gives one local machine to all agents for which nobody chose another", async () => {
  const program = agentProcess(async () => {
    const [one, two] = [await agent("one"), await agent("two")];
    return { same: one.machine === two.machine, kind: one.machine.kind };
  });
  const run = await testRun(program, [], { script: () => {} });
  expect(await run.finished()).toEqual({ same: true, kind: "local" });
});
