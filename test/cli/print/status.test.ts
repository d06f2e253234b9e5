import { describe, expect, it } from "vitest";
import { measureFor } from "../../../src/cli/print/columns.ts";
import { statusReport } from "../../../src/cli/print/status-report.ts";
import type { RunStatus } from "../../../src/supervisors/control/index.ts";
import { node } from "../../fixtures/fake-run.ts";

const at = 1_000_000_000;
const here = "this host, /srv/work/fix-issues";

function known(
  path: string,
  kind: string,
  state: string,
  more: Parameters<typeof node>[3] = {},
): RunStatus["nodes"][number] {
  return node(path, kind, state, { since: at - 41_000, ...more });
}

/** A pool of two on one machine each, a reviewer, and a person who is asked. */
const nodes = [
  known("/fix-issues", "process", "running", { summary: "fix the open issues" }),
  known("/fix-issues/local", "machine", "ready", { summary: here }),
  known("/fix-issues/reviewer", "agent", "idle", {
    facts: { turns: 3, cost: 1.2, machine: here, model: "m/large" },
  }),
  known("/fix-issues/fixers", "process", "running", {
    facts: { queue: { running: 2, queued: 12, done: 5, failed: 1 } },
  }),
  known("/fix-issues/fixers/t0003", "process", "running", {
    restarts: 1,
    facts: { item: "id=3, title=the page of the settings crashes when it is opened" },
  }),
  known("/fix-issues/fixers/t0003/local", "machine", "ready", { summary: "this host, /srv/3" }),
  known("/fix-issues/fixers/t0003/worker", "agent", "working", {
    restarts: 2,
    facts: {
      turns: 8,
      cost: 0.123,
      tool: "bash",
      input: "npm test -- --grep settings --reporter verbose",
      asks: false,
      machine: "this host, /srv/3",
      model: "m/large",
    },
  }),
  known("/fix-issues/fixers/t0004", "process", "running", { facts: { item: "id=4" } }),
  known("/fix-issues/fixers/t0004/worker", "agent", "working", {
    facts: {
      turns: 0,
      tool: "ask_human",
      input: "Shall I change the public name, or keep the old one beside it for a while?",
      asks: true,
      machine: here,
    },
  }),
];
const pair = (from: string, to: string) => [
  { from, to },
  { from: to, to: from },
];
const connections = [
  ...pair("/fix-issues/fixers/t0003/worker", "/fix-issues/reviewer"),
  ...pair("/fix-issues/fixers/t0004/worker", "/fix-issues/reviewer"),
  { from: "/fix-issues/reviewer", to: "/fix-issues/fixers/t0003" },
];
const endpoints = [
  { path: "/fix-issues", name: "add_issue", parameters: { properties: { title: {} } } },
  { path: "/fix-issues/fixers", name: "drain", description: "Take no more items." },
];

async function screen(columns: number, more: Partial<RunStatus> = {}): Promise<string> {
  const status: RunStatus = {
    schema: 1,
    at,
    run: {
      id: "05kd",
      program: "fix.ts",
      pid: 77,
      startedAt: at - 90_000,
      logDir: "/l",
      cost: 1.33,
    },
    nodes,
    connections,
    endpoints,
    ...more,
  };
  const look = { colour: false, unicode: true, columns };
  return statusReport(status, { look, measure: await measureFor(status) }).join("\n");
}

describe("the report of a run", () => {
  it("shows at 200 columns all that there is, each thing once", async () => {
    expect(await screen(200)).toBe(`\
run 05kd  up 1m30s  agents 3/3  waiting 1  $1.33  fix.ts  pid 77

fix-issues       process    running  41s  fix the open issues
├─ local         machine    ready    41s  this host, /srv/work/fix-issues
├─ reviewer      agent      idle     41s  3 turns  $1.20  m/large
└─ fixers        process    running  41s  2 running, 12 queued, 5 done, 1 failed
   ├─ t0003      process    running  41s  1 restart  id=3, title=the page of the settings crashes when it is opened
   │  ├─ local   machine    ready    41s  this host, /srv/3
   │  └─ worker  agent      working  41s  bash  turn 9  2 restarts  $0.12  npm test -- --grep settings --reporter verbose  m/large
   └─ t0004      process    running  41s  id=4
      └─ worker  agent    ? waiting  41s  ask_human  turn 1  Shall I change the public name, or keep the old one beside it for a while?  on local

fixers/t0003/worker <-> reviewer
fixers/t0004/worker <-> reviewer
reviewer -> fixers/t0003

add_issue(title?)
fixers:drain()  Take no more items.

? fixers/t0004/worker waits for its tool ask_human: Shall I change the public name, or keep the old one beside it for a while?`);
  });

  it("cuts nothing at 80 columns of what changes, nor of a question", async () => {
    expect(await screen(80)).toBe(`\
run 05kd  up 1m30s  agents 3/3  waiting 1  $1.33  fix.ts  pid 77

fix-issues       process    running  41s  fix the open issues
├─ local         machine    ready    41s  this host, /srv/work/fix-issues
├─ reviewer      agent      idle     41s  3 turns  $1.20  m/large
└─ fixers        process    running  41s  2 running, 12 queued, 5 done, 1 failed
   ├─ t0003      process    running  41s  1 restart  id=3, title=the page of th…
   │  ├─ local   machine    ready    41s  this host, /srv/3
   │  └─ worker  agent      working  41s  bash  turn 9  2 restarts  $0.12  npm …
   └─ t0004      process    running  41s  id=4
      └─ worker  agent    ? waiting  41s  ask_human  turn 1  Shall I change the…

fixers/t0003/worker <-> reviewer
fixers/t0004/worker <-> reviewer
reviewer -> fixers/t0003

add_issue(title?)
fixers:drain()  Take no more items.

? fixers/t0004/worker waits for its tool ask_human: Shall I change the public
  name, or keep the old one beside it for a while?`);
  });

  it("leaves out the kinds at 60 columns", async () => {
    const lines = (await screen(60)).split("\n");
    expect(lines.slice(2, 12)).toEqual([
      "fix-issues         running  41s  fix the open issues",
      "├─ local           ready    41s  this host, /srv/work/fix-i…",
      "├─ reviewer        idle     41s  3 turns  $1.20  m/large",
      "└─ fixers          running  41s  2 running, 12 queued, 5 do…",
      "   ├─ t0003        running  41s  1 restart  id=3, title=the…",
      "   │  ├─ local     ready    41s  this host, /srv/3",
      "   │  └─ worker    working  41s  bash  turn 9  2 restarts  …",
      "   └─ t0004        running  41s  id=4",
      "      └─ worker  ? waiting  41s  ask_human  turn 1  Shall I…",
      "",
    ]);
    expect(lines.slice(-3)).toEqual([
      "? fixers/t0004/worker waits for its tool ask_human: Shall I",
      "  change the public name, or keep the old one beside it for",
      "  a while?",
    ]);
  });

  it("cuts long names at 80 columns before what changes", async () => {
    const name = "a-process-with-a-name-that-is-as-long-as-anybody-would-write-it";
    const [root] = nodes;
    const facts = { turns: 8, tool: "bash", input: "npm test" };
    const more = [root, known(`/fix-issues/${name}`, "agent", "working", { facts, restarts: 12 })];
    const text = await screen(80, { nodes: more.filter((each) => each !== undefined) });
    expect(text.split("\n").slice(2, 4)).toEqual([
      "fix-issues                            running  41s  fix the open issues",
      "└─ a-process-with-a-name-that-is-…    working  41s  bash  turn 9  12 restarts  …",
    ]);
  });

  it("tells of a pool that has ended what it left, and of a machine nothing twice", async () => {
    const ended = [
      known("/fix-issues", "process", "cancelled", { summary: "it was stopped by ramure stop" }),
      known("/fix-issues/local", "machine", "stopped"),
      known("/fix-issues/reviewer", "agent", "stopped", { facts: { turns: 1, machine: here } }),
      known("/fix-issues/fixers", "process", "cancelled", {
        facts: { queue: { running: 2, queued: 12, done: 5, failed: 0 } },
      }),
    ];
    expect((await screen(80, { nodes: ended, connections: [] })).split("\n").slice(2, 6)).toEqual([
      "fix-issues   process    cancelled  41s  it was stopped by ramure stop",
      "├─ local     machine    stopped    41s",
      "├─ reviewer  agent      stopped    41s  1 turn",
      "└─ fixers    process    cancelled  41s  14 left, 5 done",
    ]);
  });

  it("folds connections beyond ten", async () => {
    const many = Array.from({ length: 50 }, (_, index) =>
      pair(`/fix-issues/t${index}/worker`, "/fix-issues/reviewer"),
    ).flat();
    const lines = (await screen(80, { connections: many })).split("\n");
    expect(lines.filter((line) => line.includes("<->"))).toHaveLength(10);
    expect(lines).toContain("… 40 more, by --all");
  });
});
