import { createInspector } from "@statelyai/inspect";
import { describe, expect, it } from "vitest";
import { assign, emit, fromPromise, setup } from "xstate";
import {
  type AgentProcess,
  agent,
  agentProcess,
  child,
  currentProcess,
  type KeptMachine,
  type StatechartHandle,
  send,
  sleep,
  spawn,
  statechart,
  supervisor,
} from "../../../src/index.ts";
import { testRun } from "../../../src/testing.ts";

type GateEvent =
  | { readonly type: "submit"; readonly text: string }
  | { readonly type: "approve" }
  | { readonly type: "reject" };

/** A review that passes, or is given up after three rounds or a minute without a verdict. */
const gate = setup({
  types: {
    context: {} as { readonly round: number; readonly text: string },
    events: {} as GateEvent,
    input: {} as { readonly rounds: number },
    emitted: {} as { readonly type: "rejected"; readonly round: number },
    output: {} as { readonly round: number },
  },
}).createMachine({
  id: "gate",
  context: ({ input }) => ({ round: input.rounds, text: "" }),
  initial: "writing",
  states: {
    writing: {
      on: { submit: { target: "reviewing", actions: assign({ text: ({ event }) => event.text }) } },
    },
    reviewing: {
      after: { 60000: "over" },
      on: {
        approve: "approved",
        reject: {
          target: "writing",
          actions: [
            assign({ round: ({ context }) => context.round + 1 }),
            emit(({ context }) => ({ type: "rejected", round: context.round }) as const),
          ],
        },
      },
    },
    approved: { type: "final" },
    over: { type: "final" },
  },
  output: ({ context }) => ({ round: context.round }),
});

/** Run `use` with the handle of a gate, in a root process of its own. */
function gated<Result>(use: (handle: StatechartHandle<typeof gate>) => Promise<Result>) {
  const root = agentProcess({ name: "root" }, async () =>
    use(spawn(statechart(gate), { rounds: 0 })),
  );
  return testRun(root, []);
}

describe("a statechart", () => {
  it("a statechart takes messages as events and results in the machine's output", async () => {
    const run = await gated(async (handle) => {
      handle.send({ type: "submit", text: "first" });
      send(handle, { type: "approve" });
      return { ...(await handle.result()), path: handle.path, state: handle.state };
    });
    expect(await run.finished()).toMatchObject({ round: 0, path: "/root/gate", state: "done" });
  });

  it("a statechart emits each state as an event, and what the machine emits", async () => {
    const run = await gated(async (handle) => {
      handle.send({ type: "submit", text: "first" });
      handle.send({ type: "reject" });
      handle.send({ type: "submit", text: "second" });
      handle.send({ type: "approve" });
      await handle.result();
      const seen: unknown[] = [];
      for await (const event of handle.events) {
        if (event.source !== undefined) continue;
        if (event.type === "snapshot") seen.push(event.data.value);
        if (event.type === "rejected") seen.push(`rejected ${event.data.round}`);
      }
      return seen;
    });
    expect(await run.finished()).toEqual([
      "writing",
      "reviewing",
      "rejected 1",
      "writing",
      "reviewing",
      "approved",
    ]);
  });

  it("a statechart moves its delays with the run's clock", async () => {
    const run = await gated(async (handle) => {
      handle.send({ type: "submit", text: "first" });
      await sleep(59_999);
      const before = handle.snapshot?.value;
      await handle.result();
      return before;
    });
    expect(await run.finished()).toBe("reviewing");
  });

  it("a statechart reports a message that its state does not take, or that is no event, and lives on", async () => {
    const run = await gated(async (handle) => {
      handle.send({ type: "approve" });
      send(handle, "what is this?");
      await handle.events.waitFor("unhandled", {
        where: ({ data }) => data !== null && Object(data).message === "what is this?",
      });
      return handle.snapshot?.value;
    });
    expect(await run.finished()).toBe("writing");
  });

  it("a statechart fails when an action throws, and is restarted by its supervisor in the initial state", async () => {
    let broken = true;
    const fragile = setup({}).createMachine({
      initial: "idle",
      states: {
        idle: { on: { go: "busy" } },
        busy: {
          entry: () => {
            if (broken) throw new Error("the gate is stuck");
          },
          on: { end: "over" },
        },
        over: { type: "final" },
      },
    });
    const root = agentProcess({ name: "root" }, async () => {
      const team = spawn(supervisor({ children: [child("gate", statechart(fragile))] }));
      await team.events.waitFor("snapshot");
      send("/root/supervisor/gate", { type: "go" });
      await team.events.waitFor("restarted");
      broken = false;
      send("/root/supervisor/gate", { type: "go" });
      send("/root/supervisor/gate", { type: "end" });
      await team.events.waitFor("done", { where: ({ source }) => source === "gate" });
      await team.cancel();
    });
    const run = await testRun(root, []);
    await run.finished();
  });

  it("a statechart runs its actions and invoked actors as code of the process", async () => {
    const reviewing = setup({
      actors: {
        author: fromPromise(async () => {
          const author = await agent("author");
          const receipt = await author.send("Write a line.");
          return (await receipt.turn()).text;
        }),
      },
      types: { context: {} as { readonly text: string } },
    }).createMachine({
      context: { text: "" },
      invoke: {
        src: "author",
        onDone: { target: ".over", actions: assign({ text: ({ event }) => event.output }) },
      },
      initial: "writing",
      states: {
        writing: { entry: () => currentProcess().emit("entered") },
        over: { type: "final" },
      },
      output: ({ context }) => context.text,
    });
    const run = await testRun(statechart(reviewing), [], {
      script: async (author) => {
        for await (const _ of author.messages) author.say("A line.");
      },
    });
    expect(await run.finished()).toBe("A line.");
    await expect(run.handle.events.waitFor("entered" as "snapshot")).resolves.toBeDefined();
  });

  it("a statechart stops what it invoked when it is stopped", async () => {
    const aborted: string[] = [];
    const waiting = setup({
      actors: {
        wait: fromPromise(
          ({ signal }) =>
            new Promise(() => signal.addEventListener("abort", () => aborted.push("aborted"))),
        ),
      },
    }).createMachine({ invoke: { src: "wait" } });
    const root = agentProcess({ name: "root" }, async () => {
      const handle = spawn(statechart(waiting));
      await handle.events.waitFor("snapshot");
      await handle.cancel();
      return handle.state;
    });
    const run = await testRun(root, []);
    expect(await run.finished()).toBe("cancelled");
    expect(aborted).toEqual(["aborted"]);
  });

  it("a statechart goes on from the data of an earlier snapshot event, with what was left of its delay", async () => {
    const first = await gated(async (handle) => {
      handle.send({ type: "submit", text: "first" });
      await sleep(50_000);
      let kept: KeptMachine | undefined;
      for await (const event of handle.events) {
        if (event.type === "snapshot" && event.source === undefined) kept = event.data;
        if (kept?.value === "reviewing") break;
      }
      await handle.cancel();
      return kept;
    });
    const from = JSON.parse(JSON.stringify(await first.finished()));
    const again = statechart(gate, { from }) as unknown as AgentProcess<[], unknown>;
    const root = agentProcess({ name: "root" }, async () => {
      const result = again();
      await sleep(60_000);
      return await result;
    });
    const second = await testRun(root, []);
    expect(await second.finished()).toMatchObject({ round: 0 });
  });

  it("a statechart is refused with the reason when it is given something else", () => {
    expect(() => statechart({} as never)).toThrow("statechart() takes a machine of XState 5");
    expect(() => statechart(gate, { from: {} as never })).toThrow("no state of a machine");
    expect(() => statechart(gate, { nmae: "x" } as never)).toThrow("did you mean name?");
  });

  it("a statechart tells Stately's inspector its events and transitions", async () => {
    const told: string[] = [];
    const { inspect, stop } = createInspector({
      send: (event) => told.push(event.type),
    });
    const root = agentProcess({ name: "root" }, async () => {
      const handle = spawn(statechart(gate, { inspect }), { rounds: 0 });
      handle.send({ type: "submit", text: "first" });
      handle.send({ type: "approve" });
      await handle.result();
    });
    const run = await testRun(root, []);
    await run.finished();
    stop();
    expect(told).toEqual(
      expect.arrayContaining(["@xstate.actor", "@xstate.event", "@xstate.snapshot"]),
    );
  });
});
