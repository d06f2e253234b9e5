import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JournalRecord } from "../../src/actors/journal/index.ts";
import { type BuiltCli, builtCli, cliEnv } from "../fixtures/built-cli.ts";
import { type FakeRun, node, openFakeRun, temporaryHome } from "../fixtures/fake-run.ts";

const own = "7c1f9abcde";
const other = "8d2a0bcdef";

let cli: BuiltCli;
let home: string;
let remove: () => Promise<void>;
let runs: FakeRun[];
let done: string[];
let noted: JournalRecord[];

beforeAll(async () => {
  cli = await builtCli();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  ({ home, remove } = await temporaryHome());
  [runs, done, noted] = [[], [], []];
  await open(own);
  await open(other);
});
afterEach(async () => {
  for (const run of runs) await run.close();
  await remove();
});

async function open(id: string): Promise<void> {
  const act = (what: string) => void done.push(`${what} ${id.slice(0, 2)}`);
  const run = await openFakeRun({
    home,
    id,
    snapshot: {
      nodes: [node("/main", "process", "running"), node("/main/author", "agent", "idle")],
    },
    acts: {
      stop: () => act("stop"),
      send: async () => {
        act("send");
        return {};
      },
      call: async () => act("call"),
      shell: async () => {
        act("ssh");
        return { argv: ["true"] };
      },
      attach: async () => {
        act("connect");
        return { argv: ["true"] };
      },
      append: (record) => void noted.push(record),
    },
  });
  runs.push(run);
}

/** What a shell runs that an agent of the first run has started. */
function inside(...args: string[]) {
  const env = { ...cliEnv(home), RAMURE_RUN: own, RAMURE_LAUNCH: "a1b2" };
  return cli.run(args, { env });
}

const acting: readonly (readonly string[])[] = [
  ["stop", "--no-wait"],
  ["stop", "--no-wait", "--kill"],
  ["stop", "--no-wait", own.slice(0, 3)],
  ["call", "approve"],
  ["send", "main", "yes"],
  ["ssh", "author", "--", "true"],
  ["connect", "author"],
];

describe("the CLI in a process that a run has started", () => {
  it.each(acting.map((args) => [args.join(" "), args] as const))(
    "the CLI in a process that a run has started refuses that run: ramure %s",
    async (_, args) => {
      const { exitCode, stdout, stderr } = await inside(...args);
      expect([exitCode, stdout]).toEqual([7, ""]);
      expect(stderr).toContain(`is not for what run ${own}`);
      expect(stderr).toContain("--as-person");
      expect(done).toEqual([]);
    },
  );

  it("the CLI in a process that a run has started acts on that run for a person who says so", async () => {
    for (const args of acting) await inside("--as-person", ...args);
    const [stop, call, send, ssh, connect] = ["stop", "call", "send", "ssh", "connect"];
    const acts = [stop, stop, stop, call, send, ssh, connect];
    expect(done).toEqual(acts.map((act) => `${act} 7c`));
  });

  it("the CLI in a process that a run has started shows that run", async () => {
    for (const args of [["status"], ["ls"], ["logs"], ["events"]]) {
      const { exitCode, stderr } = await inside(...args);
      expect([exitCode, stderr]).toEqual([0, ""]);
    }
    // No terminal here: it says what to type in one, and that is all that keeps it.
    expect((await inside("connect", "author", "--read-only")).exitCode).toBe(1);
    expect(done).toEqual(["connect 7c"]);
  });

  it("the CLI in a process that a run has started acts on any other run, also on one that it started itself", async () => {
    await inside("stop", "--no-wait", "--id", other);
    await inside("send", "--id", other, "main", "yes");
    expect(done).toEqual(["stop 8d", "send 8d"]);
  });

  it("the CLI in a process that a run has started tells the run who asks, for its journal", async () => {
    await inside("send", "--as-person", "author", "hello");
    await cli.run(["call", "-i", own, "approve"], { env: cliEnv(home) });
    await cli.run(["status", "-i", own], { env: cliEnv(home) });
    const pid = expect.any(Number);
    expect(noted).toEqual([
      {
        type: "control-request",
        path: "/main/author",
        data: {
          verb: "message.send",
          from: { pid, parent: process.pid, run: own, launch: "a1b2", asPerson: true },
        },
      },
      {
        type: "control-request",
        path: "/main",
        data: { verb: "endpoint.call", endpoint: "approve", from: { pid, parent: process.pid } },
      },
    ]);
  });
});
