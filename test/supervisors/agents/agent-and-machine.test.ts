import { expect, it } from "vitest";
import {
  agent,
  agentProcess,
  done,
  type Image,
  LocalImage,
  type Machine,
  MachineUnreachableError,
  wait,
} from "../../../src/index.ts";
import { type Script, testRun } from "../../../src/testing.ts";

it("a machine's restart takes an agent down with its machine, and brings it back after the machine", async () => {
  let spawned = 0;
  let unreachable = false;
  const local = new LocalImage();
  const image: Image = {
    kind: "flaky",
    spawn: async (options) => {
      spawned += 1;
      const machine = await local.spawn(options);
      const exec: Machine["exec"] = async (command, execOptions) => {
        if (unreachable) throw new MachineUnreachableError("flaky", "the link is down");
        return await machine.exec(command, execOptions);
      };
      return {
        kind: "flaky",
        summary: "a flaky one",
        workDir: machine.workDir,
        exec,
        writeFile: (...args) => machine.writeFile(...args),
        readFile: (path) => machine.readFile(path),
        stop: () => machine.stop(),
        [Symbol.asyncDispose]: () => machine.stop(),
      };
    },
  };
  const program = agentProcess({ image }, async function program() {
    const worker = await agent("worker");
    worker.on("finish", { description: "Finish." }, () => done("after the restart"));
    unreachable = true;
    await expect(worker.exec("true")).rejects.toThrow(MachineUnreachableError);
    unreachable = false;
    await worker.events.waitFor("restarting");
    await worker.send("Go on.");
    return await wait<string>();
  });
  const script: Script = async (worker) => {
    for await (const _ of worker.messages) await worker.call("finish", {});
  };
  const run = await testRun(program, [], { script });
  const finished = run.finished();
  await run.handle.events.waitFor("restarting");
  await run.clock.advance(2_000);
  expect(await finished).toBe("after the restart");
  expect(spawned).toBe(2);
});
