import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { piHarness } from "../../../src/actors/agent/pi/harness.ts";
import type { ModelScript } from "../../../src/actors/agent/scripted/model.ts";
import { systemClock } from "../../../src/actors/clock.ts";
import { agent, agentProcess, done, type Image, LocalImage, wait } from "../../../src/index.ts";
import { Engine } from "../../../src/machines/container/engine.ts";
import { ContainerImage, SandboxImage, SshImage } from "../../../src/machines/index.ts";
import { testRun } from "../../../src/testing.ts";
import { scratch } from "../scratch.ts";
import { makeNetwork, type Network, socketModel } from "./agents-world.ts";
import { startSshd, type TestSshd } from "./sshd.ts";

const newFolder = scratch();
const pi = fileURLToPath(new URL("../../../node_modules/.bin/pi", import.meta.url));
const clock = systemClock;
const container = process.env.RAMURE_TEST_IMAGE ?? "";

/** Finishes with what it was told last. */
const obedient: ModelScript = ({ messages }) => {
  const newest = messages.findLast(({ role }) => role === "user" || role === "tool");
  if (newest?.role !== "user") return [{ type: "say", text: "ok" }];
  return [{ type: "call", tool: "finish", args: { text: newest.text } }];
};

const finish = { description: "Finish.", input: z.object({ text: z.string() }) };

/** An agent that is sent one message, and whose tool ends the program. */
function errand(image: Image) {
  return agentProcess({ name: "errand", image }, async () => {
    const worker = await agent("worker", { model: "scripted/model", startTimeoutMs: 120_000 });
    worker.on("finish", finish, ({ text }) => done(text));
    await worker.send("a word");
    return await wait<string>();
  });
}

const engines = { docker: process.env.RAMURE_TEST_DOCKER, podman: process.env.RAMURE_TEST_PODMAN };

it("pi works on this host", async () => {
  await using world = await socketModel(obedient);
  const image = new LocalImage({ workDir: newFolder() });
  const harness = piHarness({ agentDir: await world.model.agentDir(newFolder()) });
  const run = await testRun(errand(image), [], { clock, harness });
  expect(await run.finished()).toBe("a word");
});

describe.runIf(process.env.RAMURE_TEST_SANDBOX)("in a sandbox", () => {
  it("pi works without a network, by this host's node and pi", async () => {
    await using world = await socketModel(obedient);
    const image = world.near(new SandboxImage({ workDir: newFolder(), network: false }));
    const harness = world.harness({ provision: "mount" });
    const run = await testRun(errand(image), [], { clock, harness });
    expect(await run.finished()).toBe("a word");
  });
});

/** Remembers by what it was told before; `whole` is finished with all of it. */
const remembering: ModelScript = ({ messages }) => {
  const told = messages.filter(({ role }) => role === "user").map(({ text }) => text);
  const newest = messages.findLast(({ role }) => role === "user" || role === "tool");
  if (newest?.role !== "user" || newest.text !== "all") return [{ type: "say", text: "noted" }];
  return [{ type: "call", tool: "finish", args: { text: told.join(", ") } }];
};

for (const [name, socket] of Object.entries(engines)) {
  describe.runIf(socket !== undefined)(`in a container of ${name}`, () => {
    it("pi works without a network, by this host's node and pi", async () => {
      await using world = await socketModel(obedient);
      const image = world.near(new ContainerImage({ image: container, socket, network: "none" }));
      const harness = world.harness({ provision: "mount" });
      const run = await testRun(errand(image), [], { clock, harness });
      expect(await run.finished()).toBe("a word");
    });

    it("the conversation goes on in a new container when the old one was killed", async () => {
      await using world = await socketModel(remembering);
      const image = world.near(new ContainerImage({ image: container, socket, network: "none" }));
      const program = agentProcess({ name: "twice", image }, async () => {
        const worker = await agent("worker", { model: "scripted/model", startTimeoutMs: 120_000 });
        worker.on("finish", finish, ({ text }) => done(text));
        await (await worker.send("heron")).turn();
        const { summary } = worker.machine;
        await kill(socket ?? "", summary);
        await worker.events.waitFor("restarting");
        await worker.send("all");
        return [await wait<string>(), summary !== worker.machine.summary] as const;
      });
      const harness = world.harness({ provision: "mount" });
      const run = await testRun(program, [], { clock, harness });
      expect(await run.finished()).toEqual(["heron, all", true]);
    });
  });
}

/** Kill a container from outside, as the out-of-memory killer would. */
async function kill(socket: string, summary: string): Promise<void> {
  const [, id] = /container (\w+)/.exec(summary) ?? [];
  await new Engine(socket).call("POST", `/containers/${id}/kill`);
}

describe.runIf(process.env.RAMURE_TEST_SSH)("over ssh, on a host in a network of its own", () => {
  let network: Network;
  let sshd: TestSshd;
  let temporary: string | undefined;

  beforeAll(async () => {
    // Everything of the run lies below a folder that the other host has not.
    temporary = process.env.TMPDIR;
    const hidden = newFolder();
    mkdirSync(hidden, { recursive: true });
    network = makeNetwork();
    const { namespace, address } = network;
    sshd = await startSshd({ namespace, address, hidden });
    process.env.TMPDIR = hidden;
  });
  afterAll(async () => {
    process.env.TMPDIR = temporary;
    await sshd?.stop();
    network?.remove();
  });

  it("pi works", async () => {
    await using world = await socketModel(obedient);
    const image = world.near(new SshImage({ ...sshd.access, workDir: "/tmp/ramure-there" }));
    const run = await testRun(errand(image), [], {
      clock,
      harness: world.harness({ command: pi }),
    });
    expect(await run.finished()).toBe("a word");
  });
});
