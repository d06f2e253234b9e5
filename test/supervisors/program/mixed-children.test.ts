import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Agent,
  agentProcess,
  child,
  contract,
  currentProcess,
  emit,
  type Image,
  LocalImage,
  type Machine,
  receive,
  type SupervisorHandle,
  send,
  spawn,
  supervisor,
  wait,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ramure-mixed-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const answering = async (worker: {
  readonly messages: AsyncIterable<{ readonly text: string }>;
  say(text: string): void;
}) => {
  for await (const { text } of worker.messages) worker.say(`heard ${text}`);
};

/** Runs `use` with the handle of a supervisor, in a root process of its own. */
async function supervised<Result>(
  team: ReturnType<typeof supervisor>,
  use: (handle: SupervisorHandle) => Promise<Result>,
): Promise<Result> {
  const root = agentProcess({ name: "root" }, async () => await use(spawn(team)));
  await using run = await testRun(root, [], { script: answering });
  return await run.finished();
}

describe("a supervisor of mixed children", () => {
  it("starts machine, agent and process in order, each with those before it", async () => {
    const vm = child.machine("vm", { image: new LocalImage({ workDir: folder }) });
    const coder = child.agent("coder", { machine: vm, prompt: "begin" });
    const driver = agentProcess(async function driver(greeting: string, on: Machine, by: Agent) {
      const receipt = await by.send(greeting);
      const { text } = await receipt.turn();
      emit("told", { text, workDir: on.workDir, isShared: by.machine === on });
      await wait();
    });
    const team = supervisor({
      name: "team",
      children: [vm, coder, child("driver", driver, (get) => ["hello", get(vm), get(coder)])],
    });
    const { told, rows, names } = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      return {
        told: (await handle.events.waitFor("told")).data,
        rows: (await handle.children()).map(({ id, kind, status }) => `${id} ${kind} ${status}`),
        names: [...handle.agents.keys()],
      };
    });
    expect(told).toEqual({ text: "heard hello", workDir: folder, isShared: true });
    expect(rows).toEqual(["vm machine running", "coder agent running", "driver process running"]);
    expect(names).toEqual(["coder"]);
  });

  it("restarts by its strategy, and gives a process the siblings of the moment", async () => {
    const counting = contract({ endpoints: { count: {} } });
    const store = agentProcess({ contract: counting }, async function store() {
      const self = currentProcess(counting);
      self.expose("count", () => self.attempt);
      await receive();
      throw new Error("it was told to crash");
    });
    const stored = child("store", store);
    const coder = child.agent("coder");
    const reader = agentProcess(async function reader(from: { count(): Promise<unknown> }) {
      emit("read", await from.count());
      await wait();
    });
    const team = supervisor({
      name: "team",
      strategy: "rest-for-one",
      children: [stored, coder, child("reader", reader, (get) => [get(stored).api])],
    });
    const after = await supervised(team, async (handle) => {
      await handle.events.waitFor("read", { where: ({ data }) => data === 1 });
      send("/root/team/store", "crash");
      await handle.events.waitFor("read", { where: ({ data }) => data === 2 });
      const rows = (await handle.children()).map(({ id, epoch }) => `${id} ${epoch}`);
      return { rows, state: handle.child(coder)?.state };
    });
    expect(after).toEqual({ rows: ["store 2", "local 2", "coder 2", "reader 2"], state: "idle" });
  });

  it("adds and forgets an agent and a machine while it runs", async () => {
    const rows = await supervised(supervisor({ name: "team" }), async (handle) => {
      const vm = child.machine("vm", { image: new LocalImage({ workDir: folder }) });
      const machine = await handle.startChild(vm);
      const coder = child.agent("coder", { machine: vm });
      const agent = await handle.startChild(coder);
      const { stdout } = await machine.exec("pwd");
      await handle.terminateChild("vm"); // Who lives on it goes first.
      const ended = agent.state;
      await handle.deleteChild("coder");
      const known = [...handle.agents.keys()];
      await handle.restartChild("vm");
      const again = await handle.startChild(coder);
      return { pwd: stdout.trim(), ended, known, again: again.state, path: again.path };
    });
    expect(rows).toEqual({
      pwd: folder,
      ended: "stopped",
      known: [],
      again: "idle",
      path: "/root/team/coder",
    });
  });

  it("refuses a sibling that was not started before", async () => {
    const late = child.agent("late");
    const early = agentProcess(async function early(agent: Agent) {
      await agent.send("never");
    });
    const team = supervisor({
      name: "team",
      intensity: { maxRestarts: 0 },
      children: [child("early", early, (get) => [get(late)]), late],
    });
    const failed = supervised(team, async (handle) => await handle.result());
    await expect(failed).rejects.toMatchObject({
      child: "early",
      reason: {
        code: "no-sibling",
        message:
          "/root/team: late is no child that was started before; put it further up in `children`, and pass what child() gave.",
      },
    });
    const elsewhere = child.agent("coder", { machine: child.machine("vm") });
    const lost = supervised(supervisor({ children: [elsewhere] }), async (team) => team.result());
    await expect(lost).rejects.toMatchObject({ code: "no-sibling" });
  });

  it("tries a first start again when its policy says so", async () => {
    let tries = 0;
    const local = new LocalImage({ workDir: folder });
    const image: Image = {
      kind: "busy",
      spawn: async (options) => {
        tries += 1;
        if (tries < 3) throw new Error("no machine is free");
        return await local.spawn(options);
      },
    };
    const vm = child.machine("vm", { image, policy: { startAttempts: 3 } });
    const team = supervisor({ name: "team", children: [vm] });
    const state = await supervised(team, async (handle) => {
      await handle.events.waitFor("started");
      return handle.state;
    });
    expect({ state, tries }).toEqual({ state: "running", tries: 3 });
  });

  it("names an option that an agent or a machine does not have", () => {
    expect(() => child.agent("coder", { modle: "a/b" } as object)).toThrow(
      'child.agent("coder") has no option "modle"; did you mean model?',
    );
    expect(() => child.machine("vm", { img: 1 } as object)).toThrow(
      'child.machine("vm") has no option "img"',
    );
  });
});
