import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  agentProcess,
  currentProcess,
  currentRuntime,
  emit,
  NoEndpointError,
  type PoolHandle,
  type PoolProcess,
  pool,
  sleep,
  spawn,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

/** Works on a number for that many ms, and notes who works when. */
function worker(log: string[] = []) {
  return agentProcess(async function worker(ms: number) {
    log.push(`+${ms}`);
    await sleep(ms);
    log.push(`-${ms}`);
    return ms * 2;
  });
}

/** Runs `use` with the handle of a pool, in a root process of its own. */
async function pooled<Item, Result>(
  made: PoolProcess<Item, number>,
  use: (handle: PoolHandle<Item, number>) => Promise<Result>,
) {
  return await testRun(
    agentProcess({ name: "root" }, async () => await use(spawn(made))),
    [],
  );
}

/** What the tree says of each node, by path. */
async function facts(): Promise<Readonly<Record<string, unknown>>> {
  const { nodes } = await currentRuntime().registry.call<{
    readonly nodes: readonly { readonly path: string; readonly facts?: unknown }[];
  }>((reply) => ({ type: "snapshot", reply }) as never);
  return Object.fromEntries(nodes.map(({ path, facts }) => [path, facts]));
}

describe("a pool", () => {
  it("a pool works on so many items at a time, and gives what came of each in their order", async () => {
    const log: string[] = [];
    const run = await testRun(pool({ process: worker(log), size: 2 }), [[30, 10, 20]]);
    await run.clock.advance(100);
    expect(await run.finished()).toEqual([
      { status: "fulfilled", value: 60 },
      { status: "fulfilled", value: 20 },
      { status: "fulfilled", value: 40 },
    ]);
    expect(log).toEqual(["+30", "+10", "-10", "+20", "-30", "-20"]);
  });

  it("a pool lets add wait while the queue is full: backpressure", async () => {
    const made = pool({ process: worker(), size: 1, queue: 1 });
    const run = await pooled(made, async (handle) => {
      const taken: number[] = [];
      const adding = [10, 20, 30, 40].map(async (ms) => {
        const task = await handle.add(ms);
        taken.push(ms);
        return await task.result();
      });
      await sleep(1);
      const before = [...taken];
      await sleep(10);
      const later = [...taken];
      return { before, later, results: await Promise.all(adding) };
    });
    await run.clock.advance(200);
    expect(await run.finished()).toEqual({
      before: [10, 20],
      later: [10, 20, 30],
      results: [20, 40, 60, 80],
    });
  });

  it("a pool rejects at once when it is full, where its rules say so", async () => {
    const made = pool({ process: worker(), size: 1, queue: 0, whenFull: "reject" });
    const run = await pooled(made, async (handle) => {
      await handle.add(10);
      return await handle.add(20).catch(String);
    });
    await run.clock.advance(10);
    expect(await run.finished()).toBe(
      "PoolFullError: /root/pool is full: 0 items wait already; add it later, or let add wait for room.",
    );
  });

  it("a pool puts a crashed worker's item back in, so many times, with the error for the next try", async () => {
    const attempts: string[] = [];
    const flaky = agentProcess(async function flaky(name: string) {
      const { attempt, lastError } = currentProcess();
      attempts.push(`${name} ${attempt} ${lastError instanceof Error ? lastError.message : "-"}`);
      if (name === "bad") throw new Error(`bad ${attempt}`);
      if (attempt < 2) throw new Error("first");
      return name.length;
    });
    const run = await testRun(pool({ process: flaky, size: 1, tries: 3 }), [["good", "bad"]]);
    const [good, bad] = await run.finished();
    expect(good).toEqual({ status: "fulfilled", value: 4 });
    expect(bad).toMatchObject({ status: "rejected", reason: new Error("bad 3") });
    expect(attempts).toEqual(["good 1 -", "bad 1 -", "good 2 first", "bad 2 bad 1", "bad 3 bad 2"]);
  });

  it("a pool tries no failure again that no other try mends", async () => {
    let tries = 0;
    const hopeless = agentProcess(async function hopeless(n: number) {
      tries += 1;
      throw Object.assign(new NoEndpointError("/x", String(n), []), { retryable: false });
    });
    const run = await testRun(pool({ process: hopeless, size: 1 }), [[1]]);
    expect(await run.finished()).toMatchObject([{ status: "rejected" }]);
    expect(tries).toBe(1);
  });

  it("a pool never lets two overlap with size 1: a merge queue", async () => {
    let merging = 0;
    let most = 0;
    const merge = agentProcess(async function merge(ms: number) {
      merging += 1;
      most = Math.max(most, merging);
      try {
        await sleep(ms);
        if (ms === 2 && currentProcess().attempt === 1) throw new Error("conflict");
        return ms;
      } finally {
        merging -= 1;
      }
    });
    const run = await testRun(pool({ process: merge, size: 1 }), [[3, 2, 1, 5]]);
    await run.clock.advance(100);
    expect((await run.finished()).map((each) => each.status)).toEqual(Array(4).fill("fulfilled"));
    expect(most).toBe(1);
  });

  it("a pool drains: takes no more, finishes what it has, and is done", async () => {
    const run = await pooled(pool({ process: worker(), size: 1 }), async (handle) => {
      const tasks = [await handle.add(10), await handle.add(20)];
      const draining = handle.drain();
      const refused = await handle.add(30).catch(String);
      await draining;
      await handle.result();
      return {
        refused,
        state: handle.state,
        results: await Promise.all(tasks.map((t) => t.result())),
      };
    });
    await run.clock.advance(100);
    expect(await run.finished()).toEqual({
      refused:
        "PoolClosedError: /root/pool takes no more items: it was told to drain; start another pool.",
      state: "done",
      results: [20, 40],
    });
  });

  it("a pool stops its tasks at the same time", async () => {
    const stubborn = agentProcess(async function stubborn(_: number) {
      emit("busy");
      await new Promise(() => {}); // Uses up the 5 s that a body has to end.
    });
    const run = await testRun(pool({ process: stubborn, size: 4 }), [[1, 2, 3, 4]]);
    await run.handle.events.waitFor("busy", { where: ({ source }) => source === "t0004" });
    const cancelled = run.handle.cancel();
    await expect(run.finished()).rejects.toThrow("cancelled");
    await cancelled;
    expect(run.clock.now()).toBeLessThan(15_000); // Its own body's time to end, and theirs.
  });

  it("a pool bubbles its workers' events with the task as source, beside its own", async () => {
    const telling = agentProcess(async function telling(n: number) {
      emit("working-on", n);
      return n;
    });
    const run = await testRun(pool({ process: telling, size: 1 }), [[7]]);
    const seen: string[] = [];
    for await (const { type, source } of run.handle.events) {
      seen.push(source === undefined ? type : `${source}:${type}`);
    }
    expect(seen).toEqual([
      "started",
      "task-queued",
      "task-started",
      "t0001:working-on",
      "t0001:done",
      "task-done",
      "done",
    ]);
  });

  it("a pool is reached by its endpoints, typed by the schema of its items", async () => {
    const review = agentProcess(async function review({ file }: { readonly file: string }) {
      return file.length;
    });
    const made = pool({ process: review, size: 1, item: z.object({ file: z.string() }) });
    const run = await testRun(
      agentProcess({ name: "root" }, async () => {
        const handle = spawn(made);
        await handle.events.waitFor("started");
        const added = await handle.call("add", { file: "a.ts" });
        const wrong = await handle.call("add", { path: "a.ts" }).catch(String);
        await handle.call("drain");
        await handle.result();
        return { added, wrong };
      }),
      [],
    );
    const { added, wrong } = await run.finished();
    expect(added).toEqual({ id: "t0001" });
    expect(wrong).toContain("/root/pool:add cannot take this input");
  });

  it("a pool tells of its tasks, and forgets the processes of those that are finished", async () => {
    const run = await pooled(pool({ process: worker(), size: 1 }), async (handle) => {
      const first = await handle.add(10);
      await handle.add(20);
      await handle.add(30);
      await first.result();
      await sleep(1);
      return await handle.tasks();
    });
    await run.clock.advance(20);
    expect(await run.finished()).toEqual([
      { id: "t0001", item: "10", state: "done", attempt: 1 },
      { id: "t0002", item: "20", state: "running", attempt: 1 },
      { id: "t0003", item: "30", state: "queued", attempt: 0 },
    ]);
  });

  it("a pool tells the tree how full it is, and which item each of its processes works on", async () => {
    const item = z.object({ id: z.number(), ms: z.number() });
    const one = agentProcess(async function one({ id, ms }: z.infer<typeof item>) {
      await sleep(ms);
      if (id === 2) throw new Error("no luck");
      return id;
    });
    const made = pool({ process: one, size: 2, tries: 1 });
    const run = await pooled(made, async (handle) => {
      for (const [index, ms] of [10, 10, 30, 30, 30].entries())
        await handle.add({ id: index + 1, ms });
      await sleep(15);
      const during = await facts();
      await handle.drain();
      return { during, after: (await facts())["/root/pool"] };
    });
    await run.clock.advance(100);
    expect(await run.finished()).toEqual({
      during: {
        "/root": undefined,
        "/root/pool": { queue: { running: 2, queued: 1, done: 1, failed: 1 } },
        "/root/pool/t0003": { item: "id=3, ms=30" },
        "/root/pool/t0004": { item: "id=4, ms=30" },
      },
      after: { queue: { running: 0, queued: 0, done: 4, failed: 1 } },
    });
  });

  it("a pool ends its workers when it is stopped, and tells those who wait for a result", async () => {
    const run = await pooled(pool({ process: worker(), size: 1 }), async (handle) => {
      const task = await handle.add(1_000);
      const result = task.result().catch(String);
      await handle.cancel("enough");
      return { result: await result, state: handle.state };
    });
    expect(await run.finished()).toEqual({
      result: "StoppedError: /root/pool: it was stopped; what it was waiting for will not come.",
      state: "cancelled",
    });
  });

  it("a pool refuses rules that no pool could keep", () => {
    expect(() => pool({ process: worker(), size: 0 })).toThrow("size is an integer >= 1");
    expect(() => pool({ process: worker(), size: 1, tries: 0 })).toThrow("tries is a number >= 1");
    expect(() => pool({ process: worker(), size: 1, name: "A" })).toThrow("name of a pool");
  });
});
