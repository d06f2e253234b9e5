import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  agent,
  agentProcess,
  child,
  done,
  emit,
  every,
  expose,
  LocalImage,
  receive,
  retry,
  sleep,
  spawn,
  supervisor,
  WaitTimeoutError,
  wait,
} from "../../../src/index.ts";
import { TestHangError, testRun } from "../../../src/testing.ts";

const hour = 3_600_000;

async function temporary<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "ramure-skip-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("time in a test run", () => {
  it("time in a test run skips by itself while finished() is awaited", async () => {
    const naps = agentProcess(async function naps() {
      for (let n = 0; n < 24; n += 1) await sleep(hour);
      return "rested";
    });
    const run = await testRun(naps, []);
    expect(await run.finished()).toBe("rested");
    expect(run.clock.now()).toBeGreaterThanOrEqual(24 * hour);
  });

  it("time in a test run stands until finished() is awaited, so that advance is exact", async () => {
    const nap = agentProcess(async function nap() {
      await sleep(1_000);
      return "rested";
    });
    const run = await testRun(nap, []);
    const finished = run.finished();
    const outcome = run.finished().catch(String);
    await run.clock.advance(999);
    expect(run.handle.state).toBe("running");
    expect(run.clock.now()).toBe(999);
    await run.clock.advance(1);
    expect(await finished).toBe("rested");
    expect(await outcome).toBe("rested");
  });

  it("time in a test run does not run ahead of files, subprocesses and connections", async () => {
    const server = createServer((_, response) => {
      setTimeout(() => response.end("late"), 100);
    }).listen(0, "127.0.0.1");
    const files = agentProcess({ timeoutMs: 60_000 }, async (directory: string) => {
      const file = join(directory, "a.txt");
      const worker = await agent("worker", { image: new LocalImage({ workDir: directory }) });
      const { stdout } = await worker.exec("sleep 0.3; echo slow");
      await writeFile(file, stdout);
      await sleep(1_000);
      const { port } = server.address() as AddressInfo;
      const answer = await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return (await readFile(file, "utf8")) + answer;
    });
    const result = await temporary(async (directory) => {
      const run = await testRun(files, [directory], { script: () => {} });
      return await run.finished();
    });
    server.close();
    server.closeAllConnections();
    expect(result).toBe("slow\nlate");
  });

  it("time in a test run skips through restarts and backoffs of agents and processes", async () => {
    let crashes = 0;
    const flaky = agentProcess(async function flaky() {
      const worker = await agent("worker");
      worker.on("finish", { description: "Finish." }, () => done("finished"));
      await worker.send("Go.");
      return await wait<string>();
    });
    const steady = retry(flaky, { backoff: { initialMs: 60_000, maxMs: 60_000, jitter: 0 } });
    const run = await testRun(steady, [], {
      script: async (worker) => {
        for await (const _ of worker.messages) {
          crashes += 1;
          if (crashes < 3) worker.crash("again");
          await worker.call("finish");
        }
      },
    });
    expect(await run.finished()).toBe("finished");
    expect(crashes).toBe(3);
  });

  it("time in a test run is that of the world for waitFor in a test", async () => {
    const waits = agentProcess({ name: "waits" }, async () => await wait());
    await using run = await testRun(waits, []);
    const late = run.handle.events.waitFor("never", { timeoutMs: 20 });
    await expect(late).rejects.toThrow(WaitTimeoutError);
    await expect(late).rejects.toThrow("No never event came from /waits within 20 ms.");
  });
});

describe("a run that hangs", () => {
  it("a run that hangs says who waits for what", async () => {
    const member = agentProcess(async function member() {
      await receive();
    });
    const team = agentProcess(async function team() {
      await agent("worker");
      const handle = spawn(member);
      await handle.result();
    });
    const run = await testRun(team, [], { script: () => {}, hangMs: 100 });
    const error = await run.finished().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TestHangError);
    const { message } = error as TestHangError;
    expect(message).toContain("/team does not end: nothing has happened in it for 100 ms (hangMs)");
    expect(message).toMatch(/^\/team +process +running +waits for the result of \/team\/member$/m);
    expect(message).toMatch(/^\/team\/member +process +running +waits for receive\(\)$/m);
    expect(message).toMatch(/^\/team\/worker +agent +idle +waits for a message$/m);
    expect(run.describe()).toBe((error as TestHangError).description);
  });

  it("a run that hangs is found when only time goes on", async () => {
    const ticks = agentProcess(async function ticks() {
      every(1_000, () => {});
      await wait();
    });
    const run = await testRun(ticks, [], { hangMs: 100 });
    await expect(run.finished()).rejects.toThrow(/\/ticks +process +running +waits for wait\(\)/);
  });

  it("a run that hangs is described while it stands", async () => {
    const nap = agentProcess(async function nap() {
      await sleep(60_000);
    });
    await using run = await testRun(nap, []);
    expect(run.describe()).toMatch(
      /^\/nap +process +running +waits for sleep\(60000\)\nThe clock stands at 0 ms; /,
    );
  });
});

describe("a test of what is below the root", () => {
  const server = agentProcess(async function server() {
    expose("break", () => done());
    emit("ready");
    await wait();
    throw new Error("broken");
  });
  const clerk = agentProcess(async function clerk() {
    emit("took", await receive());
    await wait();
  });
  const team = supervisor({
    name: "team",
    children: [child("server", server, [], { startedBy: "ready" }), child("clerk", clerk)],
  });
  const root = agentProcess(async function root() {
    const worker = await agent("worker");
    const handle = spawn(team);
    await handle.events.waitFor("started");
    emit("open", { worker: worker.path });
    await handle.events.waitFor("restarted");
    return "restarted";
  });

  it("a test of what is below the root calls, sends to and reads anyone by path", async () => {
    const heard: string[] = [];
    await using run = await testRun(root, [], {
      script: async (worker) => {
        for await (const { text } of worker.messages) heard.push(text);
      },
    });
    await run.handle.events.waitFor("open");
    await run.send("team/clerk", { order: 1 });
    const { data } = await run.events("/root/team/clerk").waitFor("took");
    expect(data).toEqual({ order: 1 });
    await run.send("worker", "hello");
    await run.events("worker").waitFor("idle", { where: () => heard.length > 0 });
    expect(heard).toEqual(["hello"]);
    expect(run.agent("worker").path).toBe("/root/worker");
    await run.call("team/server", "break");
    expect(await run.finished()).toBe("restarted");
    expect(() => run.events("team/nobody")).toThrow("There is no actor at /root/team/nobody");
  });

  it("a test of what is below the root leaves nothing when it throws before the run has ended", async () => {
    const open = async () => {
      await using run = await testRun(root, [], { script: () => {} });
      await run.handle.events.waitFor("open");
      return run;
    };
    const run = await open();
    expect(run.handle.state).toBe("cancelled");
    await expect(run.finished()).rejects.toThrow("/root was cancelled: its test ended");
  });
});
