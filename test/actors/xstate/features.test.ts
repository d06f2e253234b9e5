import { describe, expect, it } from "vitest";
import {
  type AnyStateMachine,
  assign,
  cancel,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromPromise,
  type SnapshotFrom,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import {
  type FromMachineOptions,
  fromMachine,
  type KeptMachine,
} from "../../../src/actors/xstate/index.ts";

/* One test for each row of the table in docs/xstate.md. */

function hosted<Machine extends AnyStateMachine>(
  machine: Machine,
  options: FromMachineOptions<Machine> = {},
) {
  const clock = manualClock();
  const system = createSystem({ clock });
  const states: KeptMachine[] = [];
  const kept = (state: KeptMachine) => states.push(state);
  const ref = system.spawn(fromMachine(machine, { kept, ...options }), { name: "chart" });
  const snapshot = () => system.getState(ref) as SnapshotFrom<Machine>;
  const value = () => (snapshot() as { readonly value: unknown }).value;
  const send = async (...types: readonly string[]) => {
    for (const type of types) ref.send({ type } as never);
    await clock.settle();
  };
  return { clock, system, ref, value, snapshot, send, states };
}

describe("XState's features in an actor", () => {
  it("nested and parallel states and history keep their meaning", async () => {
    const machine = setup({}).createMachine({
      type: "parallel",
      states: {
        work: {
          initial: "first",
          states: {
            first: { on: { next: "paused" } },
            busy: {
              initial: "early",
              states: { early: { on: { next: "late" } }, late: {}, back: { type: "history" } },
              on: { pause: "paused" },
            },
            paused: { on: { resume: "busy.back" } },
          },
        },
        mode: { initial: "on", states: { on: { on: { toggle: "off" } }, off: {} } },
      },
    });
    const { send, value, system } = hosted(machine);
    await send("next", "resume", "next", "toggle");
    expect(value()).toEqual({ work: { busy: "late" }, mode: "off" });
    await send("pause", "resume");
    expect(value()).toEqual({ work: { busy: "late" }, mode: "off" });
    await system.stop();
  });

  it("guards, assignments, always and raised events are one step", async () => {
    const machine = setup({
      types: { context: {} as { count: number } },
      guards: { enough: ({ context }) => context.count >= 2 },
    }).createMachine({
      context: { count: 0 },
      initial: "counting",
      states: {
        counting: {
          always: { guard: "enough", target: "full" },
          on: {
            one: { actions: assign({ count: ({ context }) => context.count + 1 }) },
            two: {
              actions: enqueueActions(({ enqueue }) => {
                enqueue.raise({ type: "one" });
                enqueue.raise({ type: "one" });
              }),
            },
          },
        },
        full: {},
      },
    });
    const { send, value, system } = hosted(machine);
    await send("two");
    expect(value()).toBe("full");
    await system.stop();
  });

  it("a delay is cancelled by leaving its state, and one set by hand by its id", async () => {
    const machine = setup({}).createMachine({
      initial: "waiting",
      states: {
        waiting: { after: { 1000: "late" }, on: { leave: "left" } },
        left: {
          entry: sendTo(({ self }) => self, { type: "poke" }, { id: "poke", delay: 500 }),
          on: { calm: { actions: cancel("poke") }, poke: "late" },
        },
        late: {},
      },
    });
    const { send, value, clock, system } = hosted(machine);
    await send("leave", "calm");
    await clock.advance(2_000);
    expect(value()).toBe("left");
    await system.stop();
    expect(clock.pending).toBe(0);
  });

  it("an invoked promise gives its output, and is aborted when its state is left", async () => {
    const aborted: string[] = [];
    const machine = setup({
      actors: {
        fetch: fromPromise<string, { readonly name: string }>(
          ({ input, signal }) =>
            new Promise((resolve) => {
              signal.addEventListener("abort", () => aborted.push(input.name));
              if (input.name === "quick") resolve("got it");
            }),
        ),
      },
      types: { context: {} as { answer: string } },
    }).createMachine({
      context: { answer: "" },
      initial: "quick",
      states: {
        quick: {
          invoke: {
            src: "fetch",
            input: { name: "quick" },
            onDone: { target: "slow", actions: assign({ answer: ({ event }) => event.output }) },
          },
        },
        slow: { invoke: { src: "fetch", input: { name: "slow" } }, on: { leave: "left" } },
        left: {},
      },
    });
    const { send, value, snapshot, system } = hosted(machine);
    await send();
    expect(value()).toBe("slow");
    expect(snapshot().context).toEqual({ answer: "got it" });
    await send("leave");
    expect(aborted).toEqual(["slow"]);
    await system.stop();
  });

  it("what a machine invoked or spawned ends with the actor, however that ends", async () => {
    for (const end of ["stop", "kill", "crash"] as const) {
      const stopped: string[] = [];
      const machine = setup({
        actors: {
          listen: fromCallback<{ type: string }, { readonly name: string }>(
            ({ input }) =>
              () =>
                stopped.push(input.name),
          ),
        },
      }).createMachine({
        invoke: { src: "listen", input: { name: "invoked" } },
        entry: spawnChild("listen", { input: { name: "spawned" } }),
        on: {
          crash: {
            actions: () => {
              throw new Error("broken");
            },
          },
        },
      });
      const { ref, send, clock } = hosted(machine);
      await send();
      if (end === "crash") await send("crash");
      else await ref[end]();
      await clock.settle();
      expect(stopped.sort()).toEqual(["invoked", "spawned"]);
    }
  });

  it("a callback and a child machine talk with their parent", async () => {
    const child = setup({}).createMachine({
      on: { ping: { actions: sendParent({ type: "pong" }) } },
    });
    const machine = setup({
      actors: {
        child,
        echo: fromCallback<{ type: string }>(({ sendBack, receive }) =>
          receive(() => sendBack({ type: "echoed" })),
        ),
      },
      types: { context: {} as { heard: string[] } },
    }).createMachine({
      context: { heard: [] },
      invoke: [
        { src: "child", id: "child" },
        { src: "echo", id: "echo" },
      ],
      on: {
        ping: { actions: [forwardTo("child"), forwardTo("echo")] },
        "*": { actions: assign({ heard: ({ context, event }) => [...context.heard, event.type] }) },
      },
    });
    const { send, snapshot, system } = hosted(machine);
    await send("ping");
    expect(snapshot().context.heard).toEqual(["pong", "echoed"]);
    await system.stop();
  });

  it("an actor is found by its systemId within the machine", async () => {
    const heard: string[] = [];
    const machine = setup({
      actors: {
        ear: fromCallback<{ type: string }>(({ receive }) =>
          receive(({ type }) => heard.push(type)),
        ),
      },
    }).createMachine({
      invoke: { src: "ear", systemId: "ear" },
      on: { call: { actions: sendTo(({ system }) => system.get("ear"), { type: "called" }) } },
    });
    const { send, system } = hosted(machine);
    await send("call");
    expect(heard).toEqual(["called"]);
    expect(system.whereis("ear")).toBeUndefined();
    await system.stop();
  });

  it("a context that is no plain data runs, and what is kept of it is not the same", async () => {
    const machine = setup({ types: { context: {} as { greet: () => string } } }).createMachine({
      context: { greet: () => "hello" },
      on: { poke: { actions: () => {} } },
    });
    const { send, snapshot, states, system } = hosted(machine);
    await send("poke");
    expect(snapshot().context.greet()).toBe("hello");
    expect(JSON.parse(JSON.stringify(states.at(-1))).context).toEqual({});
    await system.stop();
  });

  it("a spawned actor can be stopped by the machine", async () => {
    const stopped: string[] = [];
    const machine = setup({
      actors: { listen: fromCallback(() => () => stopped.push("stopped")) },
    }).createMachine({
      entry: spawnChild("listen", { id: "ear" }),
      on: { deaf: { actions: stopChild("ear") } },
    });
    const { send, system } = hosted(machine);
    await send("deaf");
    expect(stopped).toEqual(["stopped"]);
    await system.stop();
  });

  it("an error of an invoked actor that nobody handles crashes the actor", async () => {
    const machine = setup({
      actors: { fail: fromPromise(() => Promise.reject(new Error("no network"))) },
    }).createMachine({ invoke: { src: "fail" } });
    const { ref } = hosted(machine);
    expect(await ref.exited).toMatchObject({ type: "error", message: "no network" });
  });
});

const timed = setup({ types: { context: {} as { round: number } } }).createMachine({
  context: { round: 1 },
  initial: "red",
  states: {
    red: { after: { 1000: "green" } },
    green: { after: { 500: "off" } },
    off: {},
  },
});

describe("a machine that goes on from a kept state", () => {
  it("a kept machine has its value and context, and what was left of its delay", async () => {
    const first = hosted(timed);
    await first.clock.advance(400);
    await first.system.stop();
    const from = JSON.parse(JSON.stringify(first.states.at(-1)));

    const { clock, value, snapshot, system } = hosted(timed, { from });
    await clock.advance(400);
    await clock.settle();
    expect(snapshot().context).toEqual({ round: 1 });
    expect(value()).toBe("red");
    await clock.advance(600);
    expect(value()).toBe("green");
    await system.stop();
  });

  it("a kept machine takes a delay that fell due meanwhile at once, the earliest first", async () => {
    const first = hosted(timed);
    await first.clock.settle();
    const kept = first.states.at(-1);
    await first.system.stop();
    const overdue = kept && {
      ...kept,
      delays: kept.delays.map((delay) => ({ ...delay, dueAt: delay.dueAt - 60_000 })),
    };
    const { clock, value, system } = hosted(timed, { from: overdue });
    await clock.advance(0);
    expect(value()).toBe("green");
    await system.stop();
  });

  it("a kept machine goes on with a child machine and its delay", async () => {
    const parent = setup({ actors: { timed } }).createMachine({
      invoke: { src: "timed", id: "light" },
    });
    const first = hosted(parent);
    await first.clock.advance(400);
    const from = first.states.at(-1);
    await first.system.stop();
    expect(from?.delays).toMatchObject([{ from: ["light"], to: ["light"] }]);
    const { clock, snapshot, system } = hosted(parent, { from });
    await clock.advance(1_000);
    expect(snapshot().children).toMatchObject({});
    await system.stop();
  });

  it("a kept machine begins an invoked promise again that had not settled", async () => {
    let calls = 0;
    const machine = setup({
      actors: {
        never: fromPromise(() => {
          calls += 1;
          return new Promise(() => {});
        }),
      },
    }).createMachine({ invoke: { src: "never" }, on: { poke: { actions: () => {} } } });
    const first = hosted(machine);
    await first.send("poke");
    const from = first.states.at(-1);
    await first.system.stop();
    const second = hosted(machine, { from });
    await second.send();
    expect(calls).toBe(2);
    await second.system.stop();
  });

  it("a kept machine is refused when what was kept is no state of a machine that runs", async () => {
    const wrong: readonly unknown[] = [{}, { status: "done", value: "off", delays: [] }, "red"];
    for (const from of wrong) {
      const { ref } = hosted(timed, { from: from as KeptMachine });
      expect(await ref.exited).toMatchObject({ type: "error", code: "kept-machine" });
    }
  });
});
