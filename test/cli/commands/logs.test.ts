import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { type Journal, openJournal } from "../../../src/actors/journal/journal.ts";
import { type BuiltCli, builtCli, cliEnv } from "../../fixtures/built-cli.ts";
import {
  type FakeActs,
  type FakeRun,
  node,
  openFakeRun,
  temporaryHome,
} from "../../fixtures/fake-run.ts";

let cli: BuiltCli;
let home: string;
let remove: () => Promise<void>;
let journal: Journal;
let run: FakeRun | undefined;

beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  const logDir = join(home, "logs", "run1");
  await mkdir(logDir, { recursive: true, mode: 0o700 });
  journal = await openJournal({ file: join(logDir, "runtime.jsonl"), clock: systemClock });
});
afterEach(async () => {
  await run?.close();
  run = undefined;
  await journal.close();
  await remove();
});

const ramure = (...args: string[]) => cli.run(args, { env: cliEnv(home) });

/** What a small run writes. */
function write(): void {
  const reason = { type: "error", class: "throw", message: "tests flaky" };
  const note = (type: string, path: string, data?: unknown) => journal.append({ type, path, data });
  const state = (path: string, kind: string, is: string) =>
    note(`${kind}-state`, path, node(path, kind, is));
  note("run-started", "/", { program: "p.ts", pid: 7 });
  state("/main", "process", "running");
  state("/main/box", "machine", "ready");
  state("/main/author", "agent", "idle");
  note("started", "/main/author", { harness: "pi", model: "m/1" });
  note("message-taken", "/main/author", { id: "x", text: "hello\nyou", deliver: "follow-up" });
  note("message-sent", "/main/author", { id: "x" });
  note("tool-started", "/main/author", { id: "c1", tool: "say", args: { text: "hi" } });
  note("tool-called", "/main/author", { id: "c1", tool: "say", args: { text: "hi" } });
  note("tool-returned", "/main/author", { id: "c1", tool: "say", text: "heard" });
  note("tool-started", "/main/author", { id: "c2", tool: "say", args: {} });
  note("tool-returned", "/main/author", { id: "c2", tool: "say", error: "say what?" });
  note("tool-ended", "/main/author", { id: "c2", tool: "say", failed: true });
  note("tool-ended", "/main/author", { id: "c3", tool: "bash", failed: true });
  note("usage", "/main/author", { tokens: 5 });
  journal.append({
    type: "agent-state",
    path: "/main/author",
    data: node("/main/author", "agent", "waiting", { facts: { tool: "ask_human" } }),
  });
  note("turn-ended", "/main/author", { stopReason: "toolUse", text: "I think about it." });
  note("turn-ended", "/main/author", { stopReason: "toolUse", text: "" });
  note("turn-ended", "/main/author", { stopReason: "stop", text: "All is well." });
  note("tool-missed", "/main/author", { tools: ["submit"] });
  note("nudged", "/main/author", { count: 1, max: 3 });
  const overload = { class: "overload", attempt: 1, of: 8, delayMs: 4_000, retryable: true };
  note("model-failed", "/main/author", { ...overload, message: "529 overloaded" });
  const how = "/main/author is lost: its process ended: exit code 1.";
  const lost = { type: "error", class: "lost", message: `${how}\nIts last words:\ncore dumped` };
  note("exited", "/main/author", lost);
  state("/main/author", "agent", "backoff");
  state("/main/author", "agent", "backoff");
  note("restarting", "/main", { id: "author", attempt: 2, of: 8, delayMs: 4_000, reason: lost });
  const key = { type: "error", class: "model", message: "wrong key", stack: "Error: wrong key" };
  note("not-retryable", "/main", { id: "author", reason: key });
  note("child-terminated", "/main", { id: "author", epoch: 1, reason });
  const detail = { child: "author", lastReason: reason };
  note("gave-up", "/main", { id: "t", reason: { type: "shutdown", cause: "intensity", detail } });
  note("restarting", "/main/author", { epoch: 2 });
  state("/main/fixers", "process", "running");
  note("task-queued", "/main/fixers", { id: "t0005" });
  note("task-started", "/main/fixers", { id: "t0005", attempt: 1 });
  note("task-requeued", "/main/fixers", { id: "t0005", attempt: 1, of: 3, error: "no luck" });
  note("task-done", "/main/fixers", { id: "t0005", attempt: 2 });
  note("task-done", "/main/fixers", { id: "mine" });
  note("started", "/main/fixers/t0002/run/worker-2", { harness: "pi", model: "m/1" });
  note("message", "/main", { mine: true });
  note("finding", "/main", { file: "a.ts\u001b[31m" });
  note("spent", "/main", { by: "issue-2", left: 190 });
  note("failed", "/main", { class: "throw", message: "tests flaky" });
  // What bubbled was told where it began.
  journal.append({
    type: "finding",
    path: "/main",
    source: "pool",
    nth: 9,
    data: { file: "a.ts" },
  });
}

/** The lines without their times. */
function untimed(stdout: string): readonly string[] {
  return stdout.split("\n").map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""));
}

const all = [
  "/                        run       started p.ts pid 7",
  "box                      ready",
  "author                   started   pi m/1",
  "author                   message   hello you (follow-up)",
  "author                   tool      say hi",
  "author                   tool      say = heard",
  "author                   tool      say",
  "author                   tool      say failed: say what?",
  "author                   tool      bash failed",
  "author                   waiting   for its tool ask_human",
  "author                   turn      I think about it.",
  "author                   turn      ended: All is well.",
  "author                   missed    came to rest without calling submit",
  "author                   nudged    reminder 1 of 3",
  "author                   model     failed (overload), attempt 1 of 8 in 4.0s: 529 overloaded",
  "author                   exited    lost: its process ended: exit code 1. Its last words: core dumped",
  "main                     restart   author attempt 2 of 8 in 4.0s: lost: its process ended: exit code 1.",
  "main                     restart   author is not restarted: model: wrong key",
  "main                     gave-up   t: failed more often than allowed: throw: tests flaky",
  "fixers                   task      t0005 queued",
  "fixers                   task      t0005 begun",
  "fixers                   task      t0005 queued again, after attempt 1 of 3: no luck",
  "fixers                   task      t0005 done (attempt 2)",
  "fixers                   task-done mine",
  "…/t0002/run/worker-2     started   pi m/1",
  "main                     message   mine=true",
  "main                     finding   a.ts?[31m",
  "main                     spent     by=issue-2, left=190",
  "main                     failed    throw: tests flaky",
];

describe("ramure logs", () => {
  it("ramure logs tells in words what an ended run's journal holds, harmless to the terminal", async () => {
    write();
    await journal.close();
    const { stdout, stderr, exitCode } = await ramure("logs", "--id", "run1");
    expect(untimed(stdout)).toEqual(all);
    expect({ stderr, exitCode }).toEqual({ stderr: "The journal was cut off here.", exitCode: 0 });
  });

  it("ramure logs tells of one node and what is below it, and only the end", async () => {
    write();
    await journal.close();
    const { stdout } = await ramure("logs", "-i", "run1", "author", "--tail", "2");
    expect(untimed(stdout)).toEqual([all[14], all[15]]);
    expect((await ramure("logs", "-i", "run1", "--tail", "0")).stdout).toBe("");
    expect((await ramure("logs", "-i", "run1", "nobody")).exitCode).toBe(3);
  });

  it("ramure logs refuses a place that is no number", async () => {
    write();
    const { stderr, exitCode } = await ramure("events", "-i", "run1", "--from", "noon");
    expect(stderr).toContain("--from takes the number of an event.");
    expect(exitCode).toBe(2);
  });

  it("ramure logs leaves out what was before a time", async () => {
    write();
    await journal.close();
    expect(untimed((await ramure("logs", "-i", "run1", "--since", "1h")).stdout)).toEqual(all);
    expect((await ramure("logs", "-i", "run1", "--since", "1ms")).stdout).toBe("");
    const wrong = await ramure("logs", "-i", "run1", "--since", "noon");
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain("30s, 10m, 2h or 1d");
  });

  it("ramure logs gives everything as JSON, a line each", async () => {
    write();
    await journal.close();
    const { stdout } = await ramure("logs", "-i", "run1", "--json");
    const lines = stdout.split("\n").map((line) => JSON.parse(line));
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    expect(lines[0]).toMatchObject({ schema: 1, type: "run-started" });
  });

  it("ramure logs follows a live run from its end, and ends well with it", async () => {
    write();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let see = () => {};
    const seen = new Promise<void>((resolve) => {
      see = resolve;
    });
    const events: FakeActs["events"] = async function* ({ from, follow }, signal) {
      if (!follow) return yield* journal.read({ from });
      begin();
      let ticks = 0;
      for await (const entry of journal.follow({ from, signal })) {
        yield entry;
        // The client has been written the one before when it asks for more.
        ticks += entry.type === "tick" ? 1 : 0;
        if (ticks === 3) see();
      }
    };
    run = await openFakeRun({ home, id: "live1", acts: { events }, snapshot });
    const following = ramure("logs", "--id", "live1", "-f", "--tail", "1");
    await begun;
    for (let tick = 0; tick < 3; tick += 1) {
      journal.append({ type: "tick", path: "/main", epoch: 1 });
    }
    await seen;
    await run.close();
    const { stdout, stderr, exitCode } = await following;
    const lines = untimed(stdout).map((line) => line.trimEnd());
    expect({ stderr, exitCode }).toEqual({ stderr: "The run has ended.", exitCode: 0 });
    expect(lines).toHaveLength(4);
    expect(lines.slice(1).every((line) => line === "main                     tick")).toBe(true);
  });
});

const snapshot = { nodes: [node("/main", "process", "running")], connections: [], endpoints: [] };
