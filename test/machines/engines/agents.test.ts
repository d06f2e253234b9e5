import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { piHarness } from "../../../src/actors/agent/pi/harness.ts";
import type { ModelScript } from "../../../src/actors/agent/scripted/model.ts";
import { systemClock } from "../../../src/actors/clock.ts";
import {
  agent,
  agentProcess,
  currentRuntime,
  done,
  type Image,
  LocalImage,
  MachineUnreachableError,
  wait,
} from "../../../src/index.ts";
import { Engine } from "../../../src/machines/container/engine.ts";
import { ContainerImage, SandboxImage, SshImage } from "../../../src/machines/index.ts";
import { shellLine } from "../../../src/machines/shell.ts";
import { testRun } from "../../../src/testing.ts";
import { type BuiltCli, builtCli, cliEnv } from "../../fixtures/built-cli.ts";
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

/**
 * An agent that is sent one message, whose tool ends the program, and that a person looks at and visits
 * meanwhile. Gives the word, and what the person saw.
 */
function errand(image: Image) {
  return agentProcess({ name: "errand", image }, async () => {
    const worker = await agent("worker", { model: "scripted/model", startTimeoutMs: 120_000 });
    worker.on("finish", finish, ({ text }) => done(text));
    const word = wait<string>();
    await (await worker.send("a word")).turn();
    const home = dirname(dirname(currentRuntime().logDir));
    const visited = await cli.run(["ssh", "worker", "--", "sh", "-c", "id -un; pwd"], {
      env: cliEnv(home),
    });
    await seen(["connect", "worker"], { env: cliEnv(home), text: "a word" });
    return [await word, visited.stdout, worker.machine.workDir];
  });
}

/** Run the CLI on a terminal, wait until it shows the text, and leave with tmux's keys. */
async function seen(
  args: readonly string[],
  {
    env,
    text,
  }: { readonly env: Readonly<Record<string, string | undefined>>; readonly text: string },
): Promise<void> {
  const line = shellLine([process.execPath, cli.main, ...args]);
  const child = spawn("script", ["-qfec", line, "/dev/null"], {
    env: { ...process.env, ...env, TERM: "xterm-256color" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      shown += chunk;
      if (shown.includes(text)) resolve();
    });
    child.once("exit", () => reject(new Error(`it ended and had shown: ${shown}`)));
  });
  const left = once(child, "exit");
  child.stdin.write("\x02d");
  expect(await left).toEqual([0, null]);
}

async function expectVisited(run: { finished(): Promise<string[]> }, user: string): Promise<void> {
  const [word, visited, workDir] = await run.finished();
  // What a host says at its login comes before.
  expect([word, visited?.split("\n").slice(-2)]).toEqual(["a word", [user, workDir]]);
}

let cli: BuiltCli;
beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli?.remove());

const engines = { docker: process.env.RAMURE_TEST_DOCKER, podman: process.env.RAMURE_TEST_PODMAN };

it("pi works on this host", async () => {
  await using world = await socketModel(obedient);
  const image = new LocalImage({ workDir: newFolder() });
  const harness = piHarness({ agentDir: await world.model.agentDir(newFolder()) });
  const run = await testRun(errand(image), [], { clock, harness });
  await expectVisited(run, userInfo().username);
});

describe.runIf(process.env.RAMURE_TEST_SANDBOX)("in a sandbox", () => {
  it("pi works without a network, by this host's node and pi", async () => {
    await using world = await socketModel(obedient);
    const image = world.near(new SandboxImage({ workDir: newFolder(), network: false }));
    const harness = world.harness({ provision: "mount" });
    const run = await testRun(errand(image), [], { clock, harness });
    await expectVisited(run, "root");
  });

  it("an agent is not forked, and the machine says so", async () => {
    await using world = await socketModel(obedient);
    const image = world.near(new SandboxImage({ workDir: newFolder(), network: false }));
    const harness = world.harness({ provision: "mount" });
    const program = agentProcess({ name: "refused", image }, async () => {
      const worker = await agent("worker", { model: "scripted/model", startTimeoutMs: 120_000 });
      return await worker.fork("other").catch((error: Error) => error.message);
    });
    const run = await testRun(program, [], { clock, harness });
    expect(await run.finished()).toMatch(
      /^fork\(\) is not supported by sandbox: a sandbox machine has none/,
    );
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
      const image = world.near(
        new ContainerImage({ image: container, socket, network: "none", user: "agent" }),
      );
      const harness = world.harness({ provision: "mount" });
      const run = await testRun(errand(image), [], { clock, harness });
      await expectVisited(run, "agent");
    });

    it("an agent is forked with its conversation and its files", async () => {
      await using world = await socketModel(remembering);
      const image = world.near(new ContainerImage({ image: container, socket, network: "none" }));
      const harness = world.harness({ provision: "mount" });
      const run = await testRun(forking(image), [], { clock, harness });
      expect(await run.finished()).toEqual(forked);
      const engine = new Engine(socket ?? "");
      const images = (await engine.call("GET", "/images/json")) as readonly {
        Labels: object | null;
      }[];
      // Another suite forks machines on the same engine meanwhile.
      const own = images.filter(({ Labels }) => !JSON.stringify(Labels).includes("conformance"));
      expect(JSON.stringify(own)).not.toContain("localhost/ramure-");
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

/** Holds at `one`, and finishes at `three` with all that it was told. */
const holding: ModelScript = ({ messages }) => {
  const told = messages.filter(({ role }) => role === "user").map(({ text }) => text);
  const newest = messages.findLast(({ role }) => role === "user" || role === "tool");
  if (newest?.role === "user" && newest.text === "one") {
    return [{ type: "call", tool: "hold", args: {} }];
  }
  if (newest?.role !== "user" || newest.text !== "three") return [{ type: "say", text: "noted" }];
  return [{ type: "call", tool: "finish", args: { text: told.join(", ") } }];
};

/** Agents that are told different things after one of them was forked from the other. */
function forking(image: Image) {
  return agentProcess({ name: "forking", image }, async () => {
    const first = await agent("first", { model: "scripted/model", startTimeoutMs: 120_000 });
    await first.exec("echo one > file");
    await (await first.send("heron")).turn();
    const second = await first.fork("second");
    await first.exec("echo two > file");
    const told = await Promise.all(
      [first, second].map(async (each) => {
        const said = new Promise((resolve) => {
          each.on("finish", finish, ({ text }) => resolve(text));
        });
        await each.send(each.name);
        await each.send("all");
        return await said;
      }),
    );
    return [...told, (await second.exec(["cat", "file"])).stdout];
  });
}
const forked = ["heron, first, all", "heron, second, all", "one\n"];

it("an agent is forked with its conversation and its files, on this host", async () => {
  await using world = await socketModel(remembering);
  const harness = piHarness({ agentDir: await world.model.agentDir(newFolder()) });
  const image = new LocalImage({ workDir: newFolder() });
  const run = await testRun(forking(image), [], { clock, harness });
  expect(await run.finished()).toEqual(forked);
});

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
    for (const made of ["/tmp/ramure-there", "/tmp/ramure-pi"]) {
      rmSync(made, { recursive: true, force: true });
    }
  });

  it("pi works", async () => {
    await using world = await socketModel(obedient);
    const image = world.near(new SshImage({ ...sshd.access, workDir: "/tmp/ramure-there" }));
    const run = await testRun(errand(image), [], {
      clock,
      harness: world.harness({ command: pi }),
    });
    await expectVisited(run, userInfo().username);
  });

  it("a link that is cut in mid-turn, and restored, loses and doubles nothing", async () => {
    await using world = await socketModel(holding);
    const image = world.near(new SshImage({ ...sshd.access, workDir: "/tmp/ramure-there" }));
    const program = agentProcess({ name: "cut", image }, async () => {
      const worker = await agent("worker", { model: "scripted/model", startTimeoutMs: 120_000 });
      worker.on("finish", finish, ({ text }) => done(text));
      worker.on("hold", { description: "Wait." }, async () => {
        network.cut();
        for (const text of ["two", "three"]) await worker.send(text);
        await expect(worker.exec("true")).rejects.toThrow(MachineUnreachableError);
        network.restore();
        return "held";
      });
      let hasRestarted = false;
      worker.events.waitFor("restarting").then(
        () => {
          hasRestarted = true;
        },
        () => {},
      );
      await worker.send("one");
      return [await wait<string>(), hasRestarted];
    });
    const harness = world.harness({ command: pi });
    const run = await testRun(program, [], { clock, harness });
    expect(await run.finished()).toEqual(["one, two, three", false]);
  });
});
