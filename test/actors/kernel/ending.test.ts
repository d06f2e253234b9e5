import { describe, expect, it } from "vitest";
import type { Behavior, Slot } from "../../../src/actors/kernel/behavior.ts";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";

function world() {
  const clock = manualClock();
  return { clock, system: createSystem({ clock }) };
}

const idle: Behavior<unknown, string> = { init: () => "idle", receive: (state) => state };

/** An actor that takes `ms` to end. */
function slow(ms: number, lines: string[], name: string): Behavior<unknown, string> {
  return {
    ...idle,
    terminate: async (_state, _reason, context) => {
      await context.clock.sleep(ms);
      lines.push(`${name}@${context.clock.now()}`);
    },
  };
}

describe("the end of an actor", () => {
  it("a parent stops its children together where it says so, within each one's budget", async () => {
    const { clock, system } = world();
    const lines: string[] = [];
    const parent: Behavior<unknown, string> = {
      ...idle,
      init: (context) => {
        context.spawn(slow(100, lines, "a"), { name: "a" });
        context.spawn(slow(100, lines, "b"), { name: "b" });
        context.spawn(slow(9_000, lines, "hung"), { name: "hung", shutdownMs: 150 });
        return "ready";
      },
    };
    const ref = system.spawn(parent, { stopChildren: "together", shutdownMs: "infinity" });
    await clock.settle();
    let reason: unknown;
    void ref.stop().then((end) => {
      reason = end;
    });
    await clock.advance(149);
    expect([lines, reason]).toEqual([["b@100", "a@100"], undefined]);
    await clock.advance(1);
    expect(reason).toMatchObject({ type: "shutdown" });
    await clock.advance(10_000);
  });

  it("a stop with a budget of 0 or a brutal kill ends an actor at once, without the hook", async () => {
    const { clock, system } = world();
    const lines: string[] = [];
    for (const shutdownMs of [0, "brutal-kill"] as const) {
      const ref = system.spawn(slow(1, lines, "never"), { shutdownMs });
      await clock.settle();
      expect(await ref.stop()).toMatchObject({ type: "killed" });
    }
    expect(lines).toEqual([]);
  });

  it("a hook that throws makes its error the reason of the end, and the end goes on", async () => {
    const { clock, system } = world();
    const disposed: string[] = [];
    const ref = system.spawn<unknown, string>({
      init: (context) => {
        context.own(() => void disposed.push("yes"));
        return "ready";
      },
      receive: (state) => state,
      terminate: () => {
        throw new Error("cannot let go");
      },
    });
    await clock.settle();
    expect(await ref.stop()).toMatchObject({ type: "error", message: "cannot let go" });
    expect(disposed).toEqual(["yes"]);
  });

  it("a start that takes too long fails, frees the name and abandons the code", async () => {
    const { clock, system } = world();
    const hang: Behavior<unknown, string> = {
      ...idle,
      init: () => new Promise<string>(() => undefined),
    };
    const ref = system.spawn(hang, { name: "hang", startTimeoutMs: 100 });
    const failed = expect(ref.started).rejects.toMatchObject({ code: "start-timeout" });
    await clock.advance(100);
    await failed;
    expect(await ref.exited).toMatchObject({ type: "error", class: "start" });
    expect(system.whereis("/hang")).toBeUndefined();
  });

  it("a stop aborts the start of an actor that is still starting", async () => {
    const { clock, system } = world();
    const ref = system.spawn<unknown, string>({
      ...idle,
      init: (context) => context.clock.sleep(1e9, { signal: context.signal }).then(() => "late"),
    });
    await clock.settle();
    const failed = expect(ref.started).rejects.toMatchObject({ code: "stopped" });
    expect(await ref.stop()).toMatchObject({ type: "shutdown", cause: "api" });
    await failed;
    expect(clock.pending).toBe(0);
  });

  it("two stops at once give one end", async () => {
    const { clock, system } = world();
    const lines: string[] = [];
    const ref = system.spawn(slow(50, lines, "once"));
    await clock.settle();
    const both = Promise.all([ref.stop(), ref.stop()]);
    await clock.advance(50);
    const [one, two] = await both;
    expect(one).toBe(two);
    expect(lines).toEqual(["once@50"]);
  });

  it("messages that wait in a kept slot become dead letters when the parent ends", async () => {
    const { clock, system } = world();
    const parent: Behavior<unknown, Slot> = {
      init: (context) => context.slot({ name: "child", mailbox: "keep" }),
      receive: (state) => state,
    };
    const ref = system.spawn(parent, { name: "parent" });
    await clock.settle();
    expect(system.address("/parent/child").send("patient")).toBe(true);
    await ref.stop();
    const letters = system.deadLetters.recent().map((event) => event.data);
    expect(letters).toMatchObject([{ to: "/parent/child", message: "patient" }]);
  });

  it("a system that stops is killed at its deadline", async () => {
    const { clock, system } = world();
    const lines: string[] = [];
    system.spawn(slow(60_000, lines, "late"), { shutdownMs: "infinity" });
    await clock.settle();
    const stopped = system.stop({ deadlineMs: 1_000 });
    expect(system.stop()).toBe(stopped);
    await clock.advance(1_000);
    await stopped;
    expect(system.tree().children).toEqual([]);
    await clock.advance(60_000);
    expect(system.orphans()).toEqual([]);
  });

  it("an actor that cannot make a message of an end crashes, and no other does", async () => {
    const { clock, system } = world();
    const parent: Behavior<unknown, string> = {
      ...idle,
      init: (context) => {
        const onExit = () => {
          throw new Error("no such message");
        };
        context.spawn(idle, { name: "child", onExit });
        return "ready";
      },
    };
    const ref = system.spawn(parent, { name: "parent" });
    const other = system.spawn(idle, { name: "other" });
    await clock.settle();
    await system.whereis("/parent/child")?.kill();
    expect(await ref.exited).toMatchObject({ type: "error", message: "no such message" });
    expect(system.whereis("/other")?.pid).toBe(other.pid);
    await system.stop();
  });
});

describe("the end of a system", () => {
  it("a system that stops waits for what killed actors owned, but not without end", async () => {
    const { clock, system } = world();
    const released: string[] = [];
    const owning = (name: string, ms: number): Behavior<unknown, string> => ({
      ...idle,
      init: (context) => {
        context.own(async () => {
          await clock.sleep(ms);
          released.push(name);
        });
        return "ready";
      },
    });
    for (const [name, ms] of [
      ["quick", 100],
      ["endless", 60_000],
    ] as const) {
      const ref = system.spawn(owning(name, ms), { name });
      await clock.settle();
      await ref.kill();
    }
    let stopped = false;
    void system.stop().then(() => {
      stopped = true;
    });
    await clock.advance(4_999);
    expect([released, stopped]).toEqual([["quick"], false]);
    await clock.advance(1);
    expect(stopped).toBe(true);
    await clock.advance(60_000);
  });
});
