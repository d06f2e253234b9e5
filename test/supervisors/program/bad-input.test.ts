import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/actors/clock.ts";
import {
  agent,
  agentProcess,
  done,
  LocalImage,
  ModelMissingError,
  PiMissingError,
  PiTooOldError,
  piHarness,
  TmuxMissingError,
  wait,
} from "../../../src/index.ts";
import { definitionOf } from "../../../src/supervisors/process/definition.ts";
import { openRun } from "../../../src/supervisors/runtime/start-run.ts";
import { manualClock, type Script, testRun } from "../../../src/testing.ts";

describe("an agent that cannot be started fails its program with the cause", () => {
  let directory = "";

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "ramure-bad-"));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("an agent that cannot be started fails its program with the cause when there is no tmux", async () => {
    const bin = join(directory, "bin");
    await mkdir(bin);
    for (const name of [
      "sh",
      "bash",
      "cat",
      "grep",
      "readlink",
      "head",
      "tr",
      "dirname",
      "mkdir",
      "test",
      "rm",
    ]) {
      await symlink(`/bin/${name}`, join(bin, name));
    }
    await symlink(process.execPath, join(bin, "node"));
    const image = new LocalImage({ env: { PATH: bin } });
    const error = await failureOf(agentProcess({ image }, worker), piHarness());
    expect(error).toBeInstanceOf(TmuxMissingError);
    expect(String(error)).toContain("install tmux");
  });

  it("an agent that cannot be started fails its program with the cause when there is no pi", async () => {
    const error = await failureOf(agentProcess(worker), piHarness({ command: "/nowhere/pi" }));
    expect(error).toBeInstanceOf(PiMissingError);
    expect(String(error)).toContain("npm install");
  });

  it("an agent that cannot be started fails its program with the cause when pi is too old", async () => {
    const command = join(directory, "pi");
    await writeFile(command, "#!/bin/sh\necho 0.42.0\n");
    await chmod(command, 0o755);
    const error = await failureOf(agentProcess(worker), piHarness({ command }));
    expect(error).toBeInstanceOf(PiTooOldError);
    expect(String(error)).toContain("0.42.0");
  });

  it("an agent that cannot be started fails its program with the cause when no model is configured, long before its start would time out", async () => {
    const agentDir = join(directory, "agent");
    await mkdir(agentDir);
    const harness = piHarness({ agentDir, models: { providers: {} }, env: { HOME: directory } });
    // No start times out while the clock stands.
    const error = await failureOf(agentProcess({ clock: manualClock() }, worker), harness);
    expect(error).toBeInstanceOf(ModelMissingError);
  });
});

describe("a home that cannot be used is refused before anything starts", () => {
  it("a home that cannot be used is refused before anything starts when it is a file", async () => {
    const directory = await mkdtemp(join(tmpdir(), "ramure-bad-"));
    const home = join(directory, "home");
    await writeFile(home, "");
    await expect(open(home)).rejects.toThrow(home);
    await expect(open(home)).rejects.toThrow("RAMURE_HOME");
    await rm(directory, { recursive: true });
  });

  it("a home that cannot be used is refused before anything starts when its file system is read-only", async () => {
    await expect(open("/proc/ramure-home")).rejects.toThrow("/proc/ramure-home");
  });

  it("a home whose path is too long for a socket gets a short one", async () => {
    const directory = await mkdtemp(join(tmpdir(), "ramure-bad-"));
    const home = join(directory, "x".repeat(90));
    const { finished } = await open(home);
    expect(await finished).toBe("ran");
    expect(await readdir(join(home, "runtimes"))).toEqual([]);
    await rm(directory, { recursive: true });
  });
});

describe("a program that misuses an agent", () => {
  it("a program that misuses an agent may not give a tool twice, and may not give a tool a name that no model could use", async () => {
    const program = agentProcess(async () => {
      const one = await agent("worker");
      one.on("finish", { description: "Finish." }, () => {});
      expect(() => one.on("finish", { description: "Again." }, () => {})).toThrow(
        expect.objectContaining({ code: "tool-exists" }),
      );
      expect(() => one.on("no spaces", { description: "?" }, () => {})).toThrow("no spaces");
    });
    await (await testRun(program, [], { script: idle })).finished();
  });

  it.each(["", "Upper", "-dash", "a/b", "a b", "#(id)", "x".repeat(65)])(
    "a program that misuses an agent may not name one %j",
    async (name) => {
      const program = agentProcess(async () => await agent(name));
      const run = await testRun(program, [], { script: idle });
      await expect(run.finished()).rejects.toMatchObject({ code: "invalid-name" });
    },
  );

  it("a program that misuses an agent may not give two the same name in one process", async () => {
    const program = agentProcess(async () => {
      await agent("worker");
      await agent("worker");
    });
    const run = await testRun(program, [], { script: idle });
    await expect(run.finished()).rejects.toMatchObject({ code: "name-taken" });
  });

  it("a program that misuses an agent lets the model read what a handler threw and which arguments were wrong", async () => {
    const answers: string[] = [];
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) {
        answers.push(await worker.call("divide", { by: 0 }).catch(String));
        answers.push(await worker.call("divide", { by: "two" }).catch(String));
        answers.push(await worker.call("divide", { by: 4 }));
        await worker.call("finish", {});
      }
    };
    const program = agentProcess(async () => {
      const one = await agent("worker");
      one.on("divide", { description: "1 / by", input: z.object({ by: z.number() }) }, ({ by }) => {
        if (by === 0) throw new RangeError("by must not be 0");
        return 1 / by;
      });
      one.on("finish", { description: "Finish." }, () => done());
      await one.send("divide");
      await wait();
    });
    await (await testRun(program, [], { script })).finished();
    expect(answers[0]).toContain("by must not be 0");
    expect(answers[1]).toContain("by:");
    expect(answers[2]).toBe("0.25");
  });

  it("a program that misuses an agent is told when nothing is left that could call done", async () => {
    const program = agentProcess({ timeoutMs: 60_000 }, async () => {
      const one = await agent("worker");
      await one.send("do it");
      await wait();
    });
    const run = await testRun(program, [], { script: idle });
    const event = await run.handle.events.waitFor("quiescent");
    expect(event.data).toEqual({ agents: ["worker"] });
    await run.clock.advance(60_000);
    await expect(run.finished()).rejects.toThrow("make it call done");
  });
});

const worker = async () => {
  await agent("worker");
};

const idle: Script = async (scripted) => {
  for await (const _ of scripted.messages) scripted.say("I have nothing to add.");
};

async function failureOf(
  program: Parameters<typeof testRun>[0],
  harness: ReturnType<typeof piHarness>,
): Promise<unknown> {
  const run = await testRun(program, [], { harness, clock: systemClock });
  return await run.finished().then(
    () => "it did not fail",
    (error: unknown) => error,
  );
}

async function open(home: string) {
  const definition = definitionOf(agentProcess(async () => "ran"));
  return await openRun(definition, [], { env: { ...process.env, RAMURE_HOME: home } });
}
