import { describe, expect, it } from "vitest";
import type { Behavior, Reply } from "../../../src/actors/kernel/behavior.ts";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";

type CounterMessage =
  | { readonly type: "add"; readonly by: number }
  | { readonly type: "boom" }
  | { readonly type: "total"; readonly reply: Reply<number> };

const counter: Behavior<CounterMessage, number> = {
  init: () => 0,
  receive: (total, message) => {
    if (message.type === "boom") throw new Error("no more");
    if (message.type === "add") return total + message.by;
    message.reply.send(total);
    return total;
  },
};

function world() {
  const clock = manualClock();
  return { clock, system: createSystem({ clock }) };
}

describe("an actor", () => {
  it("an actor handles what was sent in order and answers a call", async () => {
    const { system } = world();
    const ref = system.spawn(counter, { name: "counter" });
    for (let by = 1; by <= 100; by += 1) expect(ref.send({ type: "add", by })).toBe(true);
    const total = await ref.call<number>((reply) => ({ type: "total", reply }));
    expect(total).toBe(5_050);
    expect(system.whereis("/counter")?.pid).toBe(ref.pid);
    await system.stop();
  });

  it("an actor ends with the error that its handler threw", async () => {
    const { system } = world();
    const ref = system.spawn(counter, { name: "counter" });
    ref.send({ type: "boom" });
    expect(await ref.exited).toMatchObject({ type: "error", class: "throw", message: "no more" });
    expect(ref.send({ type: "add", by: 1 })).toBe(false);
    expect(system.whereis("/counter")).toBeUndefined();
  });

  it("an actor stops its children first, last started first", async () => {
    const { system } = world();
    const ended: string[] = [];
    const leaf = (name: string): Behavior<never, string> => ({
      init: () => name,
      receive: (state) => state,
      terminate: () => void ended.push(name),
    });
    const parent: Behavior<never, string> = {
      ...leaf("parent"),
      init: (context) => {
        context.spawn(leaf("a"), { name: "a" });
        context.spawn(leaf("b"), { name: "b" });
        return "parent";
      },
    };
    const ref = system.spawn(parent, { name: "parent" });
    await ref.started;
    await system.stop();
    expect(ended).toEqual(["b", "a", "parent"]);
  });

  it("an actor is killed at the end of its budget while its code still runs, and is then an orphan", async () => {
    const { clock, system } = world();
    let release = () => {};
    const hung: Behavior<string, number> = {
      init: () => 0,
      receive: async () => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return 1;
      },
    };
    const ref = system.spawn(hung, { name: "hung", shutdownMs: 50 });
    ref.send("go");
    await clock.settle();
    const exited = ref.stop();
    await clock.advance(50);
    expect(await exited).toEqual({ type: "killed", by: "timeout" });
    expect(system.orphans()).toHaveLength(1);
    release();
    await clock.settle();
    expect(system.orphans()).toHaveLength(0);
  });

  it("an actor lives on at its address through a restart in a slot", async () => {
    const { clock, system } = world();
    const parent: Behavior<string, unknown> = {
      init: (context) => {
        const slot = context.slot<CounterMessage>({ name: "child", mailbox: "keep" });
        slot.start(counter, { onExit: () => "child-ended" });
        return slot;
      },
      receive: (slot) => {
        (slot as { start(behavior: typeof counter): void }).start(counter);
        return slot;
      },
    };
    system.spawn(parent, { name: "parent" });
    await clock.settle();
    const address = system.address<CounterMessage>("/parent/child");
    address.send({ type: "boom" });
    address.send({ type: "add", by: 7 });
    await clock.settle();
    expect(address.epoch).toBe(2);
    expect(await address.call((reply: Reply<number>) => ({ type: "total", reply }))).toBe(7);
    await system.stop();
  });

  it("an actor gets its timers' messages when the clock is moved", async () => {
    const { clock, system } = world();
    const seen: string[] = [];
    const behavior: Behavior<string, number> = {
      init: (context) => {
        context.timers.after("late", 100, "late");
        context.timers.every("tick", 40, "tick");
        return 0;
      },
      receive: (state, message, context) => {
        seen.push(`${message}@${context.clock.now()}`);
        return state;
      },
    };
    system.spawn(behavior);
    await clock.advance(100);
    expect(seen).toEqual(["tick@40", "tick@80", "late@100"]);
    await system.stop();
    expect(clock.pending).toBe(0);
  });
});
