import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/actors/clock.ts";
import { openJournal } from "../../src/actors/journal/journal.ts";
import { EndpointTimeoutError } from "../../src/supervisors/endpoints/errors.ts";
import {
  type BuiltCli,
  builtCli,
  type CliOptions,
  type CliResult,
  cliEnv,
} from "../fixtures/built-cli.ts";
import {
  type FakeActs,
  type FakeRun,
  node,
  openFakeRun,
  temporaryHome,
} from "../fixtures/fake-run.ts";

let cli: BuiltCli;
let home: string;
let runs: FakeRun[];
let remove: () => Promise<void>;

beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  runs = [];
});
afterEach(async () => {
  for (const run of runs) await run.close();
  await remove();
});

const nodes = [
  node("/main", "process", "running", { facts: { strategy: "one-for-one" } }),
  node("/main/box", "machine", "ready"),
  node("/main/author", "agent", "idle", { facts: { machine: "local", turns: 12 } }),
  node("/main/pool", "process", "running", { restarts: 3 }),
  node("/main/pool/t1", "process", "running", { summary: "日本語の説明 and more words after it" }),
  node("/main/pool/t1/worker", "agent", "working", { summary: "bash: \u001b[31mnpm\ntest" }),
  node("/main/pool/t2", "process", "running"),
  node("/main/pool/t2/worker", "agent", "waiting", { facts: { tool: "deploy" } }),
];
const connections = [{ from: "/main/author", to: "/main/pool/t1/worker" }];
const endpoints = [
  {
    path: "/main",
    name: "add",
    description: "Adds a task.",
    parameters: { type: "object", properties: { title: {}, count: {} }, required: ["title"] },
  },
];

/** The nodes are made when the file is read; the first test may begin much later. */
function aged(each: (typeof nodes)[number]): typeof each {
  return { ...each, since: Date.now() - 41_000 };
}

async function live(acts: Partial<FakeActs> = {}, id = "7c1f9abcde"): Promise<FakeRun> {
  const snapshot = { nodes: nodes.map(aged), connections, endpoints };
  const run = await openFakeRun({ home, id, acts, snapshot });
  runs.push(run);
  return run;
}

function ramure(args: readonly string[], { env, input }: CliOptions = {}): Promise<CliResult> {
  return cli.run(args, { env: { ...cliEnv(home), ...env }, input });
}

describe("ramure", () => {
  it("ramure says its version and its commands", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8"));
    expect(await ramure(["--version"])).toEqual({ exitCode: 0, stdout: version, stderr: "" });
    const { stdout } = await ramure(["--help"]);
    const words = "ls status send connect ssh call logs events stop gc rm completion";
    for (const word of words.split(" ")) expect(stdout).toMatch(new RegExp(`ramure ${word}\\b`));
  });

  it.each<[string, readonly string[], RegExp]>([
    ["a command that is near another", ["stauts"], /no command "stauts".\n.*Did you mean status\?/],
    ["a command that is near none", ["frobnicate", "x"], /There is no command "frobnicate"\.\n/],
    ["an unknown option", ["ls", "--nope"], /Unknown argument: nope/],
    ["a missing word", ["send", "author"], /There is no message/],
    ["nobody to send to", ["send"], /send needs <path>\.\n {2}Write ramure send <path> \[message/],
    [
      "nothing to call",
      ["call"],
      /ramure call needs <endpoint>\.\n {2}Write ramure call <endpoint>/,
    ],
    ["an alias without its word", ["attach"], /ramure connect needs <agent>\./],
    ["options alone", ["--debug"], /There is no command/],
  ])("ramure refuses %s with exit code 2", async (_, args, said) => {
    const { exitCode, stdout, stderr } = await ramure(args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(said);
  });

  it("ramure is its help when nothing follows, and so is its completion when asked for help", async () => {
    const { exitCode, stdout, stderr } = await ramure([]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe((await ramure(["--help"])).stdout);
    const help = await ramure(["completion", "--help"]);
    expect(help.stdout).toContain("ramure completion >> ~/.bashrc");
    expect(help.stdout).not.toContain("complete -o");
  });

  it("ramure prints a stack only when asked", async () => {
    expect((await ramure(["status"])).stderr).not.toContain("    at ");
    expect((await ramure(["status", "--debug"])).stderr).toContain("    at ");
  });

  it("ramure offers names to a shell's completion", async () => {
    await live();
    const words = async (...typed: string[]) =>
      (await ramure(["--get-yargs-completions", "ramure", ...typed])).stdout.split("\n");
    expect(await words("connect", "")).toEqual(
      expect.arrayContaining(["author", "t1/worker", "t2/worker"]),
    );
    expect((await words("connect", "")).slice(0, 3)).toEqual(["author", "t1/worker", "t2/worker"]);
    expect(await words("connect", "")).not.toContain("pool");
    expect(await words("connect", "")).not.toContain("--read-only");
    expect((await words("connect", "-")).toSorted()).toEqual(
      [
        "--as-person",
        "--color",
        "--debug",
        "--help",
        "--id",
        "--read-only",
        "--version",
      ].toSorted(),
    );
    expect(await words("call", "")).toContain("add");
    expect(await words("status", "")).toContain("7c1f9abcde");
    expect(await words("sta")).toContain("status");
    const { stdout } = await ramure(["completion"], { env: { SHELL: "/bin/bash" } });
    expect(stdout).toContain("complete -o");
  });

  it("ramure offers nothing, and says nothing, when no run answers", async () => {
    const { exitCode, stderr } = await ramure(["--get-yargs-completions", "ramure", "send", ""]);
    expect([exitCode, stderr]).toEqual([0, ""]);
  });
});

describe("ramure ls", () => {
  it("ramure ls says that there is none", async () => {
    expect(await ramure(["ls"])).toEqual({ exitCode: 0, stdout: "", stderr: "No live runs." });
    expect(JSON.parse((await ramure(["ls", "--json"])).stdout)).toEqual({ schema: 1, runs: [] });
  });

  it("ramure ls lists live runs, and names those that died", async () => {
    await live({}, "aaa");
    await live({}, "bbb");
    const record = {
      schema: 1,
      id: "dead",
      pid: 2 ** 22 + 1,
      program: "p",
      startedAt: 1,
      logDir: "/l",
    };
    const socket = join(home, "runtimes/dead.sock");
    await writeFile(join(home, "runtimes/dead.json"), JSON.stringify({ ...record, socket }));
    const { stdout, stderr } = await ramure(["ls"]);
    expect(stdout.split("\n").slice(1)).toEqual([
      expect.stringMatching(
        /^aaa {2}main {2}live {3}14m\d\ds {2}3\/3 {5}examples\/pool-review.ts$/,
      ),
      expect.stringMatching(/^bbb {2}main/),
    ]);
    expect(stderr).toContain("Run dead ended without cleaning up");
  });
});

describe("ramure status", () => {
  it("ramure status shows header, tree, connections, endpoints and who waits", async () => {
    await live();
    const { stdout, stderr, exitCode } = await ramure(["status"]);
    expect([stderr, exitCode]).toEqual(["", 0]);
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(
      /^run 7c1f9abcde {2}up 14m\d\ds {2}agents 3\/3 {2}waiting 1 {2}examples\/pool-review.ts {2}pid \d+$/,
    );
    expect(lines.slice(2, 10).map((line) => line.replace(/ [45]\ds/, " 41s"))).toEqual([
      "main             process    running  41s  one-for-one",
      "├─ box           machine    ready    41s",
      "├─ author        agent      idle     41s  12 turns  local",
      "└─ pool          process    running  41s  3 restarts",
      "   ├─ t1         process    running  41s  日本語の説明 and more words after it",
      "   │  └─ worker  agent      working  41s  bash: ?[31mnpm test",
      "   └─ t2         process    running  41s",
      "      └─ worker  agent    ? waiting  41s  deploy",
    ]);
    expect(lines.slice(11)).toEqual([
      "author -> pool/t1/worker",
      "",
      "add(title, count?)  Adds a task.",
      "",
      "? pool/t2/worker waits for its tool deploy",
    ]);
  });

  // It said that the agent waits for you, and to connect.
  it("ramure status asks nothing of you when an agent waits for its model", async () => {
    const summary = "the model fails (overload); it is asked again";
    const waiting = node("/main/author", "agent", "waiting", { summary });
    const snapshot = { nodes: [waiting], connections: [], endpoints: [] };
    runs.push(await openFakeRun({ home, id: "run1", snapshot }));
    const { stdout } = await ramure(["status"]);
    expect(stdout.split("\n").slice(1)).toEqual([
      "",
      expect.stringMatching(/^\/main\/author +agent +\? waiting +\d+\w +the model fails/),
    ]);
  });

  it("ramure status fits a narrow terminal, and --wide does not", async () => {
    await live();
    const env = { COLUMNS: "45" };
    const { stdout } = await ramure(["status"], { env });
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(45);
    expect(stdout).toContain("日本語の説…");
    const wide = await ramure(["status", "--wide"], { env });
    expect(wide.stdout).toContain("and more words after it");
  });

  it("ramure status draws with ASCII where the locale knows no more, and colours only when forced", async () => {
    await live();
    const { stdout } = await ramure(["status"], { env: { LC_ALL: "C", COLUMNS: "45" } });
    expect(stdout).toContain("|- author");
    expect(stdout.replace(/日本語の?/g, "")).toMatch(/^[\n\x20-\x7e]+$/);
    const coloured = await ramure(["status"], { env: { FORCE_COLOR: "1" } });
    expect(coloured.stdout).toContain("\u001b[32m");
    const both = await ramure(["status"], { env: { NO_COLOR: "1" } });
    expect(both.stdout).not.toContain("\u001b");
  });

  it("ramure status prints one JSON object of schema 1", async () => {
    await live();
    const status = JSON.parse((await ramure(["status", "--json"])).stdout);
    expect(status).toMatchObject({ schema: 1, run: { id: "7c1f9abcde" }, connections, endpoints });
    expect(status.nodes.map(({ path }: { path: string }) => path)).toEqual(
      nodes.map(({ path }) => path),
    );
  });

  it("ramure status gathers a large tree from its pages, and folds what is finished", async () => {
    const done = Array.from({ length: 1_500 }, (_, index) =>
      node(`/main/t${index}`, "process", "done", { since: index }),
    );
    runs.push(await openFakeRun({ home, id: "big", snapshot: { nodes: [...nodes, ...done] } }));
    const { stdout } = await ramure(["status"]);
    expect(stdout).toContain("└─ … 1495 done");
    expect(stdout).toContain("├─ t1499");
    expect(stdout).not.toContain("├─ t1494");
    const all = JSON.parse((await ramure(["status", "--json"])).stdout);
    expect(all.nodes).toHaveLength(1_508);
  });

  it("ramure status shows one subtree", async () => {
    await live();
    const { stdout } = await ramure(["status", "--path", "t2"]);
    expect(stdout).toContain("/main/pool/t2");
    expect(stdout).toContain("└─ worker");
    expect(stdout).not.toContain("author");
  });
});

describe("the choice of the run", () => {
  it("the chosen run is the only live one, or the one whose id begins so", async () => {
    await live({}, "aaa");
    await live({}, "abb");
    const several = await ramure(["status"]);
    expect(several.exitCode).toBe(4);
    expect(several.stderr.split("\n")).toEqual([
      "error: Several runs are live.",
      "  They are aaa (examples/pool-review.ts), abb (examples/pool-review.ts).",
      "  Choose one with --id and the beginning of its id.",
    ]);
    expect((await ramure(["status", "-i", "a"])).exitCode).toBe(4);
    expect((await ramure(["status", "-i", "ab"])).stdout).toContain("run abb");
    expect((await ramure(["status", "aaa"])).stdout).toContain("run aaa");
    expect((await ramure(["status"], { env: { RAMURE_RUN: "aaa" } })).stdout).toContain("run aaa");
    const none = await ramure(["status", "-i", "zzz"]);
    expect(none.exitCode).toBe(3);
    expect(none.stderr).toContain("Live are aaa, abb.");
  });

  it("the choice of the run fails with 3 when no run is live", async () => {
    const { exitCode, stderr } = await ramure(["status"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("error: There is no live run.");
  });

  it.each([
    ["whose process died", 2 ** 22 + 1, "has ended without cleaning up"],
    ["whose process does not listen", process.pid, "is not answering"],
  ])("the choice of the run fails with 5 for one %s, and says what to do", async (_, pid, said) => {
    await live({}, "live");
    const facts = { schema: 1, id: "stale", pid, program: "p", startedAt: 1, logDir: "/l" };
    const record = { ...facts, socket: join(home, "runtimes/stale.sock") };
    await writeFile(join(home, "runtimes/stale.json"), JSON.stringify(record));
    const { exitCode, stderr } = await ramure(["send", "-i", "stale", "author", "hi"]);
    expect(exitCode).toBe(5);
    expect(stderr).toContain(said);
    expect(stderr.split("\n")).toHaveLength(3);
    expect((await ramure(["send", "author", "hi"])).exitCode).toBe(0);
  });
});

describe("ramure send", () => {
  it("ramure send sends text to an agent and JSON to a process", async () => {
    const sent: unknown[] = [];
    await live({
      send: async ({ path, message }) => {
        sent.push([path, message]);
        return path === "/main" ? { receives: false } : { id: "m1" };
      },
    });
    expect(await ramure(["send", "author", "fix", "the", "5", "tests"])).toMatchObject({
      exitCode: 0,
      stdout: "Sent to /main/author.",
    });
    await ramure(["send", "pool", '{"add":1}']);
    await ramure(["send", "/main/pool", "plain"]);
    await ramure(["send", "author", "12"]);
    await ramure(["send", "author", "a", "-", "b", "--", "-x", "--json", "-"]);
    const json = await ramure(["send", "--json", "author", "-"], { input: "from\nstdin\n" });
    expect(JSON.parse(json.stdout)).toEqual({ schema: 1, path: "/main/author", id: "m1" });
    const unread = await ramure(["send", "/main", "hello"]);
    expect(unread).toMatchObject({
      stdout: "Sent to /main.",
      stderr: "/main has received no message so far.",
    });
    expect(sent.pop()).toEqual(["/main", "hello"]);
    expect(sent).toEqual([
      ["/main/author", "fix the 5 tests"],
      ["/main/pool", { add: 1 }],
      ["/main/pool", "plain"],
      ["/main/author", "12"],
      ["/main/author", "a - b -x --json -"],
      ["/main/author", "from\nstdin"],
    ]);
  });

  it("ramure send names agents like the one that is not there, and exits with 3", async () => {
    await live();
    const { exitCode, stderr } = await ramure(["send", "athor", "hi"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error: There is no process or agent "athor" in this run.');
    expect(stderr).toContain("Did you mean author?");
  });

  it("ramure send lists what an ambiguous name may mean, and exits with 4", async () => {
    await live();
    const { exitCode, stderr } = await ramure(["send", "worker", "hi"]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("It may be /main/pool/t1/worker, /main/pool/t2/worker.");
  });

  it("ramure send refuses a message that is too long for one line", async () => {
    await live();
    const input = "x".repeat(1_100_000);
    const { exitCode, stderr } = await ramure(["send", "author", "-"], { input });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("is over the 1048576 that fit");
  });
});

describe("ramure call", () => {
  it("ramure call calls with arguments read as JSON where they are, and prints the value", async () => {
    await live({ call: async ({ path, endpoint, args }) => ({ path, endpoint, args }) });
    const words = ["call", "pool:grade", "name=a=b", "count=3", 'list=["x"]', "empty="];
    expect(JSON.parse((await ramure(words)).stdout)).toEqual({
      path: "/main/pool",
      endpoint: "grade",
      args: { name: "a=b", count: 3, list: ["x"], empty: "" },
    });
  });

  it("ramure call prints text as it is, nothing for nothing, and what JSON has no words for", async () => {
    let value: unknown = "two\nlines";
    await live({ call: async () => value });
    expect((await ramure(["call", "add"])).stdout).toBe("two\nlines");
    value = undefined;
    expect((await ramure(["call", "add"])).stdout).toBe("");
    value = new Map([["at", new Date(0)]]);
    expect((await ramure(["call", "add"])).stdout).toBe(
      "Map(1) { 'at' => 1970-01-01T00:00:00.000Z }",
    );
    expect(JSON.parse((await ramure(["call", "add", "--json"])).stdout)).toMatchObject({
      schema: 1,
      path: "/main",
      value: [["at", "1970-01-01T00:00:00.000Z"]],
      meta: { values: ["map", { "0.1": ["Date"] }] },
    });
  });

  it.each<[string, number, string]>([
    ["name", 2, 'The argument "name" has no =.'],
    ["=1", 2, 'The argument "=1" has nothing before its =.'],
  ])("ramure call refuses the argument %s", async (word, code, said) => {
    const { exitCode, stderr } = await ramure(["call", "add", word]);
    expect(exitCode).toBe(code);
    expect(stderr).toContain(said);
  });

  it("ramure call exits with 3 for an unknown endpoint, 1 for one that failed, 124 for one that took too long", async () => {
    await live({
      call: async ({ endpoint }) => {
        if (endpoint === "add") throw new Error("tests flaky");
        throw new EndpointTimeoutError("/main", endpoint, 10);
      },
    });
    const unknown = await ramure(["call", "ad"]);
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      3,
      expect.stringContaining("Did you mean add?"),
    ]);
    const failed = await ramure(["call", "add"]);
    expect([failed.exitCode, failed.stderr]).toEqual([1, "error: tests flaky"]);
    await runs.pop()?.close();
    await live({
      call: async () => {
        throw new EndpointTimeoutError("/main", "add", 10);
      },
    });
    expect((await ramure(["call", "add"])).exitCode).toBe(124);
  });
});

describe("ramure connect and ssh", () => {
  it("ramure connect and ssh refuse without a terminal, and say that they need one", async () => {
    await live({ attach: async () => ({ argv: ["tmux", "-S", "/tmp/a b", "attach"] }) });
    const { exitCode, stdout, stderr } = await ramure(["attach", "author"]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr.split("\n")).toEqual([
      "error: ramure connect needs a terminal.",
      "  Standard input or output is not one.",
      "  Run it in a terminal.",
    ]);
    const ssh = await ramure(["ssh"]);
    expect(ssh.exitCode).toBe(1);
    expect(ssh.stderr).toContain("  Run it in a terminal, or give a command after --.");
  });

  it("ramure connect and ssh say what was left, and whether it goes on", async () => {
    await live({ attach: async () => ({ argv: ["true"] }) });
    const line = `${process.execPath} ${cli.main} connect author`;
    const options = { env: cliEnv(home), reject: false, timeout: 150_000 } as const;
    const { stdout, exitCode } = await execa("script", ["-qec", line, "/dev/null"], options);
    expect([stdout.trim(), exitCode]).toEqual(["Left /main/author; it goes on (idle).", 0]);
  });

  it("ramure connect and ssh refuse what is no agent, with exit code 6", async () => {
    await live();
    expect((await ramure(["connect", "box"])).exitCode).toBe(6);
  });

  it("ramure connect and ssh hand the terminal over, without the tmux around it", async () => {
    const asked: unknown[] = [];
    await live({
      attach: async (request) => {
        asked.push(request);
        return { argv: ["sh", "-c", 'test -t 0 && echo "in [$TMUX]"; exit 7'] };
      },
    });
    const line = `${process.execPath} ${cli.main} connect --read-only author`;
    const { stdout, exitCode } = await execa("script", ["-qec", line, "/dev/null"], {
      env: { ...cliEnv(home), TMUX: "/tmp/x,1,0" },
      reject: false,
      timeout: 150_000,
    });
    expect(stdout.trim()).toBe("in []");
    expect(exitCode).toBe(7);
    expect(asked).toEqual([{ path: "/main/author", readOnly: true }]);
  });

  it("ramure connect and ssh run a command on a machine, with its input, output and exit code", async () => {
    await live();
    const words = ["ssh", "box", "--", "sh", "-c", "cat; echo err >&2; exit 9"];
    expect(await ramure(words, { input: "hello" })).toEqual({
      exitCode: 9,
      stdout: "hello",
      stderr: "err",
    });
    const killed = await ramure(["ssh", "--", "sh", "-c", "kill -TERM $$"]);
    expect(killed.exitCode).toBe(143);
    const missing = await ramure(["ssh", "--", "no-such-program"]);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain("no-such-program could not be started");
  });
});

describe("ramure events", () => {
  const events: FakeActs["events"] = async function* ({ follow }) {
    for (let seq = 1; follow || seq <= 3; seq += 1) {
      yield {
        seq,
        at: 0,
        path: "/main",
        epoch: 1,
        type: "tick",
        data: { at: new Date(0), text: "a\u001b" },
      };
    }
  };

  it("ramure events prints lines for people, or JSON", async () => {
    await live({ events });
    const { stdout } = await ramure(["events"]);
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d {2}\/main {2}tick {2}\{"at":"1970/);
    const [line = ""] = (await ramure(["events", "--json"])).stdout.split("\n");
    expect(JSON.parse(line)).toMatchObject({
      schema: 1,
      seq: 1,
      type: "tick",
      meta: expect.anything(),
    });
  });

  it("ramure events ends quietly when its reader has seen enough", async () => {
    await live({ events });
    const line = `${process.execPath} ${cli.main} events -f --json | head -2; echo $?/$\{PIPESTATUS[0]}`;
    const { stdout, stderr } = await execa("bash", ["-c", line], {
      env: cliEnv(home),
      timeout: 150_000,
    });
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stdout.split("\n")[2]).toBe("0/0");
    expect(stderr).toBe("");
  });

  it("ramure events ends well with the run that it follows, and with 130 when it is interrupted", async () => {
    const followers: (() => void)[] = [];
    const begun = () => new Promise<void>((resolve) => followers.push(resolve));
    const run = await live({
      async *events(_, signal) {
        followers.shift()?.();
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    });
    const first = begun();
    const following = ramure(["events", "-f"]);
    const options = { env: cliEnv(home), reject: false, timeout: 150_000 } as const;
    await first;
    const second = begun();
    const interrupted = execa(process.execPath, [cli.main, "events", "-f"], options);
    await second;
    interrupted.kill("SIGINT");
    expect((await interrupted).exitCode).toBe(130);
    await run.close();
    expect(await following).toEqual({ exitCode: 0, stdout: "", stderr: "The run has ended." });
  });
});

describe("a run that has ended", () => {
  async function endedRun(id: string, outcome?: string): Promise<void> {
    const logDir = join(home, "logs", id);
    await mkdir(logDir, { recursive: true, mode: 0o700 });
    const journal = await openJournal({ file: join(logDir, "runtime.jsonl"), clock: systemClock });
    const state = (path: string, kind: string, state: string) =>
      journal.append({ type: `${kind}-state`, path, data: node(path, kind, state) });
    journal.append({ type: "run-started", path: "/", data: { program: "p.ts", pid: 7 } });
    state("/main", "process", "starting");
    state("/main/author", "agent", "working");
    for (const to of ["/main/x", "/main/y"]) {
      journal.append({ type: "connected", path: "/main", data: { from: "/main/author", to } });
    }
    const data = { from: "/main/author", to: "/main/x" };
    journal.append({ type: "disconnected", path: "/main", data });
    journal.append({ type: "process-event", path: "/main", data: { at: new Date(0) } });
    state("/main/author", "agent", "stopped");
    state("/main", "process", "done");
    if (outcome) journal.append({ type: "run-ended", path: "/", data: { state: outcome } });
    await journal.close();
  }

  it("a run that has ended is listed when asked for, and shown from its journal", async () => {
    await endedRun("old1", "failed");
    await live({}, "new1");
    expect((await ramure(["ls"])).stdout).not.toContain("old1");
    const { stdout } = await ramure(["ls", "--all"]);
    expect(stdout.split("\n")[1]).toMatch(/^old1 +failed \d+s ago +\d+s +p\.ts$/);
    expect(stdout).toContain("new1");
    const status = await ramure(["status", "old"]);
    expect(status.stderr).toBe("This run has ended (failed); its journal says:");
    expect(status.stdout).toMatch(
      /^run old1 [^\n]* {2}p\.ts[^\n]*\n\nmain +process +done[^\n]*\n└─ author +agent +stopped/,
    );
    const part = JSON.parse(
      (await ramure(["status", "old1", "--path", "author", "--json"])).stdout,
    );
    expect(part.nodes).toMatchObject([{ path: "/main/author", state: "stopped" }]);
    expect(part.connections).toEqual([{ from: "/main/author", to: "/main/y" }]);
  });

  it("a run that has ended is said to be cut off when its journal has no end", async () => {
    await endedRun("old1");
    const { stdout } = await ramure(["ls", "--all"]);
    expect(stdout.split("\n")[1]).toMatch(/ cut off \d+s ago /);
    const listed = JSON.parse((await ramure(["ls", "--all", "--json"])).stdout);
    expect(listed.runs).toMatchObject([{ id: "old1", state: "ended", outcome: "cut-off" }]);
    const { stderr } = await ramure(["status", "old1"]);
    expect(stderr).toContain("This run was cut off: it was killed");
  });

  it("a run that has ended is shown by status, logs and events when no run is live, the last of all", async () => {
    await endedRun("old1", "done");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await endedRun("old2", "failed");
    const said = /^There is no live run\. The last one is old2 \(p\.ts\), \d+s ago\./;
    const status = await ramure(["status"]);
    expect(status.stderr).toMatch(said);
    expect(status.stdout).toMatch(/^run old2 /);
    const logs = await ramure(["logs"]);
    expect(logs.stderr).toMatch(said);
    expect(logs.stdout).toContain("process-event");
    expect((await ramure(["events", "-t", "nothing"])).stderr).toMatch(said);
    await live({}, "new1");
    expect((await ramure(["status"])).stdout).toMatch(/^run new1 /);
  });

  it("a run that has ended is meant by an id after logs, where the live run has no node of that name", async () => {
    await endedRun("old1", "done");
    await live({}, "new1");
    const { stdout, stderr } = await ramure(["logs", "old"]);
    expect([stdout.includes("process-event"), stderr]).toEqual([true, ""]);
    await endedRun("author1", "done");
    expect((await ramure(["logs", "author"])).stdout).toBe("");
  });

  it("a run that has ended loses its logs by rm, by name or by age, and a live one does not", async () => {
    await endedRun("old1", "done");
    await endedRun("old2", "done");
    await live({}, "new1");
    expect((await ramure(["rm"])).exitCode).toBe(2);
    expect((await ramure(["rm", "new1"])).exitCode).toBe(3);
    expect((await ramure(["rm", "old"])).exitCode).toBe(4);
    const dry = await ramure(["rm", "old1", "--dry-run"]);
    expect(dry.stdout).toMatch(/^would remove the logs of run old1 {2}p\.ts {2}ended \d+s ago$/);
    expect((await ramure(["rm", "--older-than", "1h"])).stderr).toBe("Nothing to remove.");
    expect((await ramure(["rm", "old1"])).stdout).toMatch(/^removed the logs of run old1 /);
    expect((await ramure(["rm", "--older-than", "0s"])).stdout).toMatch(/^removed .* old2 /);
    expect((await ramure(["ls", "--all"])).stdout).not.toContain("old");
  });

  it("a run that has ended gives its events, with what JSON could not carry", async () => {
    await endedRun("old1");
    const words = ["events", "-i", "old", "main", "-t", "process-event", "--json"];
    const { stdout } = await ramure(words);
    expect(JSON.parse(stdout)).toMatchObject({
      type: "process-event",
      path: "/main",
      data: { at: "1970-01-01T00:00:00.000Z" },
      meta: { values: { at: ["Date"] } },
    });
    const unknown = await ramure(["events", "-i", "old", "nope"]);
    expect(unknown.exitCode).toBe(3);
  });
});

describe("ramure stop", () => {
  it("ramure stop asks the run to stop, or kills it", async () => {
    const asked: unknown[] = [];
    await live({
      stop: (request) => {
        asked.push(request);
      },
    });
    expect((await ramure(["stop", "--no-wait"])).stdout).toBe("Run 7c1f9abcde is stopping.");
    await ramure(["kill", "7c1", "--kill", "--no-wait"]);
    expect(asked).toEqual([{ kill: false }, { kill: true }]);
  });

  it("ramure stop waits for the run's end, and says how it ended", async () => {
    const run = await live({ stop: () => void end() });
    const journal = await openJournal({
      file: join(home, "logs", run.id, "runtime.jsonl"),
      clock: systemClock,
    });
    async function end(): Promise<void> {
      journal.append({ type: "run-ended", path: "/", data: { state: "cancelled" } });
      await journal.close();
      await run.close();
    }
    const { stdout, exitCode } = await ramure(["stop"]);
    expect({ stdout, exitCode }).toEqual({
      stdout: "Run 7c1f9abcde has ended (cancelled), 14m after its start.",
      exitCode: 0,
    });
  });
});

describe("a home that cannot be used", () => {
  it("a home that cannot be used has no runs", async () => {
    const { exitCode, stderr } = await ramure(["ls"], { env: { RAMURE_HOME: "/proc/none" } });
    expect([exitCode, stderr]).toEqual([0, "No live runs."]);
  });
});
