import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { quickstart } from "../../examples/quickstart.ts";
import { ProcessFailedError, retry } from "../../src/index.ts";
import { type Script, testRun } from "../../src/testing.ts";
import { programOf } from "../setup/programs.ts";

describe("the quickstart", () => {
  it("the quickstart gives what the worker hands in", async () => {
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) await worker.call("finish", { haikus: ["one"] });
    };
    const run = await testRun(quickstart, [{}], { script });
    expect(await run.finished()).toEqual(["one"]);
  });

  it("the quickstart is started again when the worker gives up, and fails when it gives up too often", async () => {
    let tries = 0;
    const script: Script = async (worker) => {
      for await (const _ of worker.messages) {
        tries += 1;
        await worker.call("give_up", { reason: `try ${tries}` });
      }
    };
    const run = await testRun(retry(quickstart, { maxRestarts: 1 }), [{}], { script });
    const error = await run.finished().catch((caught: unknown) => caught);
    expect(tries).toBe(2);
    expect(String(error)).toContain("its last failure: /quickstart/run failed: try 2");
    expect(error).toHaveProperty("cause", expect.any(ProcessFailedError));
  });

  it("the quickstart survives a kill of the real pi: same session, and an answer from before the crash", async () => {
    const home = await mkdtemp(join(tmpdir(), "ramure-demo-home-"));
    const { stdout, stderr } = await execa(
      process.execPath,
      [programOf("examples/quickstart.ts"), "--crash"],
      { env: { RAMURE_HOME: home }, timeout: 150_000 },
    );
    expect(stderr.split("\n")[0]).toContain("This plays a scripted model");
    expect(stderr).toContain("ramure connect worker");
    const sessions = [...stderr.matchAll(/epoch (\d+), session (\S+),/g)];
    expect(sessions.map(([, epoch]) => epoch)).toEqual(["1", "2"]);
    expect(sessions[0]?.[2]).toBe(sessions[1]?.[2]);
    const haikus = stdout.split("\n");
    expect(haikus).toHaveLength(10);
    const beforeCrash = stderr.slice(0, stderr.indexOf("killing pi"));
    // Each is signed with a number drawn when it was written, so it cannot be right by chance.
    expect(haikus.filter((haiku) => beforeCrash.includes(haiku))).not.toEqual([]);
    expect(await readdir(join(home, "runtimes"))).toEqual([]);
    await rm(home, { recursive: true });
  });
});
