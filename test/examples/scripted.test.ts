import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it, vi } from "vitest";
import { authorReviewer } from "../../examples/author-reviewer.ts";
import { fanOut } from "../../examples/fan-out.ts";
import { finderPairs } from "../../examples/finder-pairs.ts";
import { mergeQueue } from "../../examples/merge-queue.ts";
import { monitorNudge } from "../../examples/monitor-nudge.ts";
import { monitoredPool, openPool } from "../../examples/open-pool.ts";
import { restForOneTeam } from "../../examples/rest-for-one-team.ts";
import { stagedVerifiers } from "../../examples/staged-verifiers.ts";
import { supervisedRetry } from "../../examples/supervised-retry.ts";
import { xstateReview } from "../../examples/xstate-review.ts";
import {
  type Agent,
  GaveUpError,
  type LogEvent,
  type OpenShape,
  ProcessTimeoutError,
  type SupervisorHandle,
} from "../../src/index.ts";
import { type Script, type TestRun, testRun } from "../../src/testing.ts";

/** A script that does something with each message it is sent. */
function on(act: (agent: Parameters<Script>[0], text: string) => Promise<unknown>): Script {
  return async (agent) => {
    for await (const { text } of agent.messages) agent.say(String(await act(agent, text)));
  };
}

/** Wait until a restart is announced, and let its backoff pass. Gives how long that was. */
async function restart(
  { handle, clock }: TestRun<string, OpenShape>,
  attempt: number,
): Promise<number> {
  const where = ({ data }: LogEvent) => (data as { attempt: number }).attempt === attempt;
  const { data } = await handle.events.waitFor("restarting", { where });
  const { delayMs } = data as { delayMs: number };
  await clock.advance(delayMs);
  return delayMs;
}

/** Wait until the process has started its agent. */
async function started({ handle }: TestRun<unknown, OpenShape>, name: string): Promise<Agent> {
  return await vi.waitFor(() => {
    const found = handle.agents.get(name);
    if (found === undefined) throw new Error(`there is no ${name} yet`);
    return found;
  });
}

describe("supervised-retry", () => {
  it("supervised-retry fails twice, and the third attempt, which knows why, succeeds", async () => {
    const told: string[] = [];
    const script = on(async (worker, text) => {
      told.push(text.split("\n")[1] ?? "nothing");
      if (told.length < 3) await worker.call("give_up", { reason: `reason ${told.length}` });
      else await worker.call("finish", { summary: "done" });
    });
    const run = await testRun(supervisedRetry, ["Do it."], { script });
    const restarting = [await restart(run, 1), await restart(run, 2)];
    expect(await run.finished()).toBe("done");
    expect(told[0]).toBe("nothing");
    expect(told[1]).toContain("Attempt 1: /attempt/run failed: reason 1");
    expect(told[2]).toContain("Attempt 2: /attempt/run failed: reason 2");
    expect(restarting).toEqual([1_000, 2_000]);
  });

  it("supervised-retry gives up after three restarts, with the last failure as the cause", async () => {
    const script = on((worker) => worker.call("give_up", { reason: "too hard" }));
    const run = await testRun(supervisedRetry, ["Do it."], { script });
    for (const attempt of [1, 2, 3]) await restart(run, attempt);
    const error = await run.finished().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GaveUpError);
    expect(String((error as Error).cause)).toContain("failed: too hard");
  });
});

describe("fan-out", () => {
  it("fan-out runs both sides at once, each with an agent called worker", async () => {
    const paths: string[] = [];
    const script = on(async (worker, text) => {
      paths.push(worker.path);
      const topic = /about (\w+)/.exec(text)?.[1] ?? `all of ${/notes:\n(\S+)/.exec(text)?.[1]}`;
      await worker.call("hand_in", { text: `${topic}-notes` });
    });
    const run = await testRun(fanOut, [["cats", "dogs"]], { script });
    expect(await run.finished()).toBe("all of cats-notes-notes");
    expect(paths.sort()).toEqual([
      "/fan-out/ask-2/worker",
      "/fan-out/ask-3/worker",
      "/fan-out/ask/worker",
    ]);
  });
});

describe("open-pool", () => {
  it("open-pool takes tasks while it runs, tells of them, and closes", async () => {
    const script = on((worker, text) => worker.call("finish", { summary: text }));
    const run = await testRun(openPool, [], { script });
    await run.handle.events.waitFor("ready");
    expect(await run.handle.call("add_task", { title: "A" })).toBe("t0001");
    expect(await run.handle.call("add_task", { title: "B" })).toBe("t0002");
    await run.handle.events.waitFor("task-done", {
      where: ({ data }) => (data as { id: string }).id === "t0002",
    });
    await run.handle.call("close");
    expect(await run.finished()).toBe("closed");
    const sources = new Set<string | undefined>();
    for await (const { source } of run.handle.events) sources.add(source);
    expect(sources).toEqual(new Set(["pool", "pool/t0001", "pool/t0002", undefined]));
  });

  it("open-pool lets a monitor look and add, under a prefix, and nothing else", async () => {
    const tools: string[] = [];
    const script: Record<string, Script> = {
      monitor: on(async (monitor) => {
        tools.push(...monitor.tools.map(({ name }) => name));
        return await monitor.call("pool_tasks");
      }),
    };
    const run = await testRun(monitoredPool, [], { script });
    const monitor = await started(run, "monitor");
    await run.handle.events.waitFor("ready");
    await run.clock.settle();
    const receipt = await monitor.send("look");
    expect((await receipt.turn()).text).toBe("[]");
    expect(tools).toEqual(["pool_add_task", "pool_tasks"]);
    await run.handle.cancel();
    await run.finished().catch(() => {});
  });
});

describe("author-reviewer", () => {
  it("author-reviewer goes round until the reviewer approves", async () => {
    const script = {
      author: on((author) => author.call("message", { receiver: "reviewer", message: "ready" })),
      reviewer: (() => {
        let rounds = 0;
        return on((reviewer) => {
          rounds += 1;
          return rounds < 3
            ? reviewer.call("reject", { comments: `more ${rounds}` })
            : reviewer.call("approve");
        });
      })(),
    };
    const run = await testRun(authorReviewer, ["a haiku"], { script });
    expect(await run.finished()).toEqual({ approved: true, rounds: 2 });
  });

  it("author-reviewer fails after 5 rounds, and after 300 s", async () => {
    const reject = on((reviewer) => reviewer.call("reject", { comments: "no" }));
    const ready = on((author) => author.call("message", { receiver: "reviewer", message: "?" }));
    const script = { author: ready, reviewer: reject };
    const run = await testRun(authorReviewer, ["a haiku"], { script });
    await expect(run.finished()).rejects.toThrow("not approved after 5 rounds");
    const silent = await testRun(authorReviewer, ["a haiku"], { script: () => {} });
    await started(silent, "reviewer"); // Before that the agents' own time to start would run out.
    await silent.clock.advance(300_000);
    await expect(silent.finished()).rejects.toBeInstanceOf(ProcessTimeoutError);
  });
});

describe("finder-pairs", () => {
  it("finder-pairs gives each finding to a pair, and the failure of one leaves the others alone", async () => {
    const heard: string[] = [];
    const script = {
      finder: on(async (finder, text) => {
        if (!text.startsWith("Look")) return heard.push(text);
        for (const title of ["one", "two", "bad"]) await finder.call("propose", { title });
        return await finder.call("no_more");
      }),
      implementer: on((implementer, text) =>
        implementer.call("message", { receiver: "reviewer", message: text }),
      ),
      reviewer: on((reviewer, text) =>
        text.includes("bad")
          ? reviewer.call("abandon", { reason: "pointless" })
          : reviewer.call("approve"),
      ),
    };
    const run = await testRun(finderPairs, ["Look"], { script });
    const outcomes = await run.finished();
    expect(outcomes.slice(0, 2)).toEqual(["done: one", "done: two"]);
    expect(outcomes[2]).toContain("abandoned: bad (/finder-pairs/pool/t0003 failed: pointless)");
  });
});

describe("monitor-nudge", () => {
  it("monitor-nudge asks the monitor when the worker does nothing, and its nudge gets the worker going", async () => {
    const script: Record<string, Script> = {
      worker: async (worker) => {
        await worker.next();
        const nudge = await worker.next();
        await worker.call("finish", { summary: nudge.text });
      },
      monitor: on((monitor) => monitor.call("nudge", { text: "go on" })),
    };
    const run = await testRun(monitorNudge, ["Work"], { script });
    await (await started(run, "worker")).events.waitFor("turn-started");
    await run.clock.advance(60_000);
    expect(await run.finished()).toEqual({ summary: "go on", nudges: 1 });
  });
});

describe("staged-verifiers", () => {
  it("files what holds; each claim once, and none is lost when a verifier fails", async () => {
    let failed = false;
    const script: Record<string, Script> = {
      proposer: on(async (proposer, text) => {
        const area = text.split(".")[0];
        for (const n of [1, 2, 3]) await proposer.call("claim", { claim: `${area} ${n}` });
        await proposer.call("no_more");
      }),
      verifier: on(async (verifier, text) => {
        const claim = text.split(": ")[1] ?? "";
        if (claim === "a 2" && !failed) {
          failed = true;
          await verifier.call("verdict", { holds: "perhaps" }).catch(() => {});
        }
        await verifier.call("verdict", { holds: !claim.endsWith("3") });
      }),
    };
    const run = await testRun(stagedVerifiers, [["a", "b"]], { script });
    expect(await run.finished()).toEqual(["a 1", "a 2", "b 1", "b 2"]);
  });
});

describe("merge-queue", () => {
  it("merge-queue merges branches one after another, and leaves the one that conflicts", async () => {
    const path = await repository();
    try {
      const run = await testRun(mergeQueue, [path, ["one", "two", "clash"]]);
      const [one, two, clash] = await run.finished();
      expect([one, two]).toEqual(["merged one", "merged two"]);
      expect(clash).toContain("left clash: clash does not merge");
      const { stdout } = await execa("git", ["status", "--porcelain"], { cwd: path });
      expect(stdout).toBe("");
    } finally {
      await rm(path, { recursive: true });
    }
  });
});

/** A repository with three branches, the last of which does not go with the first. */
async function repository(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "merges-"));
  const git = (...words: string[]) => execa("git", words, { cwd: path });
  await git("init", "-q", "-b", "main");
  await git("config", "user.email", "test@example.com");
  await git("config", "user.name", "Test");
  await git("config", "commit.gpgsign", "false");
  const commit = async (file: string, text: string) => {
    await writeFile(join(path, file), text);
    await git("add", ".");
    await git("commit", "-qm", `${file} ${text}`);
  };
  await commit("a", "start");
  for (const [branch, file] of [
    ["one", "a"],
    ["two", "b"],
    ["clash", "a"],
  ] as const) {
    await git("checkout", "-q", "-b", branch, "main");
    await commit(file, branch);
  }
  await git("checkout", "-q", "main");
  return path;
}

describe("rest-for-one-team", () => {
  it("rest-for-one-team starts in order; when one fails, it and those after it are started again", async () => {
    const script = on((member, text) =>
      text === "start over"
        ? member.call("start_over", { reason: "lost my way" })
        : member.call("note", { text: "worked" }),
    );
    const run = await testRun(restForOneTeam, [], { script });
    const team = run.handle as unknown as SupervisorHandle;
    await team.events.waitFor("started");
    await team.child("builder")?.agents.get("builder")?.send("start over");
    const order: string[] = [];
    for await (const { type, source } of team.events) {
      if (type === "ready" || type === "failed") order.push(`${source} ${type}`);
      if (order.length === 6) break;
    }
    expect(order).toEqual([
      "board ready",
      "builder ready",
      "tester ready",
      "builder failed",
      "builder ready",
      "tester ready",
    ]);
    await team.cancel();
    await run.finished().catch(() => {});
  });
});

describe("xstate-review", () => {
  /** Submits one draft after the other, as often as it is asked. */
  const writer = () => {
    let draft = 0;
    return on(async (author) => {
      draft += 1;
      return await author.call("submit", { work: `draft ${draft}` });
    });
  };
  const reviewing = (round: number) => (event: LogEvent) => {
    const { value, context } = event.data as { value: string; context: { rounds: number } };
    return value === "reviewing" && context.rounds === round;
  };

  it("the author revises until the gate approves", async () => {
    const run = await testRun(xstateReview, ["Do it."], { script: writer() });
    await run.events("/gate").waitFor("snapshot", { where: reviewing(1) });
    await run.send("/gate", { type: "reject", comments: "shorter" });
    await run.events("/gate").waitFor("snapshot", { where: reviewing(2) });
    await run.send("/gate", { type: "approve" });
    expect(await run.finished()).toMatchObject({ verdict: "approved", work: "draft 2", rounds: 2 });
  });

  it("the gate expires after an hour without a verdict", async () => {
    const run = await testRun(xstateReview, ["Do it."], { script: writer() });
    expect(await run.finished()).toMatchObject({ verdict: "expired", work: "draft 1" });
  });
});
