import { expect, it } from "vitest";
import {
  agent,
  agentProcess,
  done,
  type Image,
  LocalImage,
  type Machine,
  MachineUnreachableError,
  machine,
  wait,
} from "../../../src/index.ts";
import { manualClock, type Script, testRun } from "../../../src/testing.ts";

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
    await worker.events.waitFor("exited");
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
  expect(await finished).toBe("after the restart");
  expect(spawned).toBe(2);
});

/** An image of this host that says what becomes of its machines. */
function tellingImage(told: string[]): Image {
  return {
    kind: "telling",
    spawn: async ({ name }) => {
      const machine = await new LocalImage().spawn({ name, signal: new AbortController().signal });
      told.push(`${name} runs`);
      const stop = async () => {
        told.push(`${name} stops`);
        await machine.stop();
      };
      const { kind, summary, workDir } = machine;
      return {
        kind,
        summary,
        workDir,
        exec: (...args) => machine.exec(...args),
        readFile: (...args) => machine.readFile(...args),
        writeFile: (...args) => machine.writeFile(...args),
        stop,
        [Symbol.asyncDispose]: stop,
      };
    },
  };
}

it("stops a machine that agents share after the last of them", async () => {
  const told: string[] = [];
  const program = agentProcess({ image: tellingImage(told) }, async function program() {
    const shared = await machine({ name: "shared" });
    const agents = await Promise.all(["a", "b"].map((name) => agent(name, { machine: shared })));
    await agents[0]?.stop();
    told.push("the program ends");
  });
  const until: (name: string) => Script = (name) => async (worker) => {
    try {
      for await (const _ of worker.messages);
    } finally {
      told.push(`${name} ends`);
    }
  };
  const run = await testRun(program, [], { script: { a: until("a"), b: until("b") } });
  await run.finished();
  expect(told).toEqual(["shared runs", "a ends", "the program ends", "b ends", "shared stops"]);
});

it("spawns four machines at a time, however many are asked for", async () => {
  const clock = manualClock();
  let [spawning, most] = [0, 0];
  const program = agentProcess(async function program() {
    const local = new LocalImage();
    const image: Image = {
      kind: "slow",
      spawn: async (options) => {
        spawning += 1;
        most = Math.max(most, spawning);
        await clock.sleep(1_000, { signal: options.signal });
        spawning -= 1;
        return await local.spawn(options);
      },
    };
    await Promise.all(Array.from({ length: 10 }, () => machine({ image })));
  });
  const run = await testRun(program, [], { clock });
  await run.finished();
  expect(most).toBe(4);
});
