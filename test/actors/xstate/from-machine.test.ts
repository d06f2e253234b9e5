import { describe, expect, it } from "vitest";
import { assign, emit, setup } from "xstate";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import { fromMachine } from "../../../src/actors/xstate/from-machine.ts";

type LampEvent = { type: "press" } | { type: "smash" } | { type: "unplug" };

const lamp = setup({
  types: {
    events: {} as LampEvent,
    context: {} as { presses: number },
    emitted: {} as { type: "lit" },
  },
}).createMachine({
  initial: "off",
  context: { presses: 0 },
  output: ({ context }) => context.presses,
  states: {
    off: {
      on: { press: { target: "on", actions: assign({ presses: (at) => at.context.presses + 1 }) } },
    },
    on: {
      entry: emit({ type: "lit" }),
      after: { 1000: "off" },
      on: {
        smash: {
          actions: () => {
            throw new Error("broken glass");
          },
        },
        unplug: "gone",
      },
    },
    gone: { type: "final" },
  },
});

function lit() {
  const clock = manualClock();
  const system = createSystem({ clock });
  const ref = system.spawn(fromMachine(lamp), { name: "lamp" });
  const value = () => (system.getState(ref) as { value: unknown }).value;
  return { clock, system, ref, value };
}

describe("a machine as an actor", () => {
  it("a machine as an actor takes messages as events and delays from the system's clock", async () => {
    const { clock, system, ref, value } = lit();
    ref.send({ type: "press" });
    await clock.settle();
    expect(value()).toBe("on");
    await clock.advance(1_000);
    expect(value()).toBe("off");
    await system.stop();
    expect(clock.pending).toBe(0);
  });

  it("a machine as an actor emits what the machine emits and ends with its output", async () => {
    const { system, ref } = lit();
    ref.send({ type: "press" });
    ref.send({ type: "unplug" });
    expect(await ref.exited).toEqual({ type: "normal", value: 1 });
    expect(system.events("/lamp").recent()).toMatchObject([
      { type: "lit" },
      { type: "done", data: { result: 1 } },
    ]);
  });

  it("a machine as an actor crashes when an action throws", async () => {
    const { ref } = lit();
    ref.send({ type: "press" });
    ref.send({ type: "smash" });
    expect(await ref.exited).toMatchObject({ type: "error", message: "broken glass" });
  });

  it("a machine as an actor reports an event that the state does not take, and lives on", async () => {
    const { system, ref, value } = lit();
    ref.send({ type: "smash" });
    await system.events("/lamp").waitFor("unhandled");
    expect(value()).toBe("off");
    await system.stop();
  });
});
