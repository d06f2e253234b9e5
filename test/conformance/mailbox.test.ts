import { type Behavior, createSystem } from "ramure/actors";
import { describe, expect, it } from "vitest";
import { deferred } from "../../src/actors/wait.ts";
import { deadLetters, handler, recorder, watch, world } from "./world.ts";

describe("mailbox, order, fairness", () => {
  it("M01 an actor handles 100 sends and then a call in order", async () => {
    const { system } = world();
    const seen: unknown[] = [];
    const actor = system.spawn(
      handler((message, context) => {
        seen.push(message);
        context.from?.send(seen.length);
      }),
    );
    for (let count = 0; count < 100; count += 1) actor.send(count);
    expect(await actor.call("last")).toBe(101);
    expect(seen).toEqual([...Array.from({ length: 100 }, (_, index) => index), "last"]);
  });

  it("M02 an actor handles what a handler sends to itself after that handler", async () => {
    const { system, settle } = world();
    const lines: string[] = [];
    const actor = system.spawn(
      handler((message, context) => {
        lines.push(`begin ${message}`);
        if (message === "one") context.self.send("two");
        lines.push(`end ${message}`);
      }),
    );
    actor.send("one");
    await settle();
    expect(lines).toEqual(["begin one", "end one", "begin two", "end two"]);
  });

  it("M03 send returns before the handler runs", async () => {
    const { system, settle } = world();
    const lines: string[] = [];
    const actor = system.spawn(handler(() => void lines.push("msg")));
    await settle();
    lines.push("before");
    actor.send("hello");
    lines.push("after");
    await settle();
    expect(lines).toEqual(["before", "after", "msg"]);
  });

  it("M04 async handlers of one actor never overlap", async () => {
    const { clock, system } = world();
    let running = 0;
    let most = 0;
    const actor = system.spawn(
      handler(async (_message, context) => {
        running += 1;
        most = Math.max(most, running);
        await context.clock.sleep(10);
        await Promise.resolve();
        running -= 1;
      }),
    );
    for (let count = 0; count < 5; count += 1) actor.send(count);
    await clock.advance(100);
    expect([most, running]).toEqual([1, 0]);
  });

  it("M05 the order of each sender is kept when two senders interleave", async () => {
    const { system, settle } = world();
    const { seen, behavior } = recorder();
    const target = system.spawn(behavior);
    const sender = (name: string) =>
      system.spawn(
        handler((count, context) => {
          target.send(`${name}${count}`);
          if (Number(count) < 20) context.self.send(Number(count) + 1);
        }),
      );
    sender("a").send(1);
    sender("b").send(1);
    await settle();
    const expected = (name: string) =>
      Array.from({ length: 20 }, (_, index) => `${name}${index + 1}`);
    expect(seen.filter((each) => String(each).startsWith("a"))).toEqual(expected("a"));
    expect(seen.filter((each) => String(each).startsWith("b"))).toEqual(expected("b"));
  });

  it("M06 a send to an ended actor is false and makes a dead letter", async () => {
    const { system } = world();
    const actor = system.spawn(recorder().behavior, { name: "gone" });
    await actor.stop();
    expect(actor.send({ type: "hello" })).toBe(false);
    expect(deadLetters(system)).toMatchObject([
      { to: "/gone", reason: "noproc", message: "hello" },
    ]);
  });

  it("M07 a send to a path where nobody ever was is false and makes a dead letter", () => {
    const { system } = world();
    expect(system.address("/nobody").send("hello")).toBe(false);
    expect(deadLetters(system)).toMatchObject([{ to: "/nobody", reason: "noproc" }]);
  });

  it("M08 a full mailbox rejects a message", async () => {
    const { system } = world();
    const actor = system.spawn(recorder().behavior, { mailbox: { max: 2, overflow: "reject" } });
    expect([actor.send(1), actor.send(2), actor.send(3)]).toEqual([true, true, false]);
    await expect(actor.call(4)).rejects.toMatchObject({ code: "overflow" });
    expect(deadLetters(system).map((letter) => letter.reason)).toEqual(["overflow", "overflow"]);
  });

  it("M09 a full mailbox drops the oldest or the newest by policy and keeps the rest in order", async () => {
    const { system, settle } = world();
    const old = recorder();
    const young = recorder();
    const dropOld = system.spawn(old.behavior, { mailbox: { max: 2, overflow: "drop-old" } });
    const dropNew = system.spawn(young.behavior, { mailbox: { max: 2, overflow: "drop-new" } });
    for (const count of [1, 2, 3, 4]) {
      dropOld.send(count);
      dropNew.send(count);
    }
    await settle();
    expect([old.seen, young.seen]).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it("M10 an actor that overflows with the crash policy ends, and its supervisor restarts it", async () => {
    const { system, settle } = world();
    const started: unknown[] = [];
    const parent: Behavior<unknown, { start(): void }> = {
      init: (context) => {
        const slot = context.slot({ name: "small" });
        const start = () => {
          const ref = slot.start(recorder().behavior, {
            mailbox: { max: 1, overflow: "crash" },
            onExit: (exit) => exit,
          });
          started.push(ref.epoch);
        };
        start();
        return { start };
      },
      receive: (state, exit) => {
        started.push((exit as { reason: { class: string } }).reason.class);
        state.start();
        return state;
      },
    };
    system.spawn(parent, { name: "parent" });
    await settle();
    const address = system.address("/parent/small");
    address.send(1);
    address.send(2);
    await settle();
    expect(started).toEqual([1, "overflow", 2]);
  });

  it("M11 a full mailbox lets stops, ends of others and suspension through", async () => {
    const { system, settle } = world();
    const other = system.spawn(recorder().behavior, { name: "other" });
    const downs: unknown[] = [];
    const actor = system.spawn(
      handler((message, context) => {
        if (message === "watch") context.monitor(other, () => "down");
        else downs.push(message);
      }),
      { mailbox: { max: 1 } },
    );
    actor.send("watch");
    await settle();
    system.suspend(actor);
    expect([actor.send("filler"), actor.send("too much")]).toEqual([true, false]);
    await other.stop();
    await settle();
    expect(downs).toEqual(["down"]);
    expect(await actor.stop()).toMatchObject({ type: "shutdown" });
  });

  it("M12 a stop handles none of the queue, and all of it when it drains", async () => {
    const { clock, system, settle } = world();
    const run = async (drain: boolean) => {
      const gate = deferred<void>();
      const seen: unknown[] = [];
      const actor = system.spawn(
        handler(async (message) => {
          seen.push(message);
          if (message === "busy") await gate.promise;
        }),
      );
      actor.send("busy");
      await settle();
      for (let count = 1; count <= 5; count += 1) actor.send(count);
      const stopped = actor.stop(undefined, { drain });
      gate.resolve();
      await clock.settle();
      await stopped;
      return seen;
    };
    expect(await run(false)).toEqual(["busy"]);
    expect(deadLetters(system).map((letter) => letter.reason)).toEqual(Array(5).fill("stopped"));
    expect(await run(true)).toEqual(["busy", 1, 2, 3, 4, 5]);
  });

  it("M13 a message after the stop is a dead letter, also when the stop drains", async () => {
    const { system } = world();
    const { seen, behavior } = recorder();
    const actor = system.spawn(behavior);
    await actor.started;
    actor.send("early");
    const stopped = actor.stop(undefined, { drain: true });
    expect(actor.send("late")).toBe(false);
    await stopped;
    expect(seen).toEqual(["early"]);
    expect(deadLetters(system)).toMatchObject([{ message: "late", reason: "stopped" }]);
  });

  it("M14 an actor ends once and the same way whether a handler throws, rejects or returns a rejected thenable", async () => {
    const { system } = world();
    const failures = [
      () => {
        throw new Error("no");
      },
      async () => {
        throw new Error("no");
      },
    ];
    const thenable: Behavior<unknown, unknown> = {
      init: () => 0,
      receive: () => ({
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        then: (_resolve: unknown, reject: (error: unknown) => void) => reject(new Error("no")),
      }),
    };
    for (const behavior of [...failures.map((fail) => handler(fail)), thenable]) {
      const actor = system.spawn(behavior);
      const { downs, first } = watch(actor);
      actor.send("go");
      expect(await actor.exited).toMatchObject({ type: "error", class: "throw", message: "no" });
      await first;
      await Promise.resolve();
      expect(downs).toHaveLength(1);
    }
  });

  it("M15 a message that the behavior has no use for is reported, and the actor lives on", async () => {
    const { system } = world();
    const actor = system.spawn(
      handler((_message, context) => context.unhandled()),
      { name: "choosy" },
    );
    actor.send({ type: "riddle" });
    const event = await system.events("/choosy").waitFor("unhandled");
    expect(event.data).toEqual({ message: "riddle" });
    expect(system.whereis("/choosy")).toBeDefined();
  });

  it("M16 stashed messages come back in order and ahead of newer ones, and the stash is bounded", async () => {
    const { system, settle } = world();
    const seen: unknown[] = [];
    let open = false;
    const actor = system.spawn(
      handler((message, context) => {
        if (message === "open") {
          open = true;
          context.stash.unstashAll();
        } else if (open) seen.push(message);
        else context.stash.push();
      }),
      { name: "door" },
    );
    for (const message of [1, 2, 3, "open", 4]) actor.send(message);
    await settle();
    expect(seen).toEqual([1, 2, 3, 4]);
    open = false;
    for (let count = 0; count <= 1_000; count += 1) actor.send(count);
    expect(await actor.exited).toMatchObject({ type: "error", code: "overflow" });
  });

  it("M17 unstashing replays no more than was stashed when messages are stashed again meanwhile", async () => {
    const { system, settle } = world();
    let handled = 0;
    const actor = system.spawn(
      handler((message, context) => {
        handled += 1;
        if (message === "go") context.stash.unstashAll();
        else context.stash.push();
      }),
    );
    for (const message of [1, 2, 3, "go"]) actor.send(message);
    await settle();
    expect(handled).toBe(7);
  });

  it("M18 an owned timer delivers its message, a cancelled one never, even when due and queued", async () => {
    const { clock, system, settle } = world();
    const seen: unknown[] = [];
    const gate = deferred<void>();
    const actor = system.spawn(
      handler(async (message, context) => {
        seen.push(message);
        if (message !== "arm") return;
        context.timers.after("kept", 10, "kept");
        context.timers.after("cancelled", 10, "cancelled");
        await gate.promise;
        context.timers.cancel("cancelled");
      }),
    );
    actor.send("arm");
    await clock.advance(10);
    expect(system.tree().children[0]?.mailbox.user).toBe(2);
    gate.resolve();
    await settle();
    expect(seen).toEqual(["arm", "kept"]);
  });

  it("M19 a message cancels an event timer and a change of state a state timer; neither cancels a named one", async () => {
    const { clock, system, settle } = world();
    const seen: unknown[] = [];
    const arming: Behavior<unknown, unknown> = {
      init: () => "one",
      receive: (state, message, context) => {
        seen.push(message);
        if (message !== "arm") return message === "change" ? "two" : state;
        context.timers.after("event", 10, "event timeout", { until: "message" });
        context.timers.after("state", 10, "state timeout", { until: "state-change" });
        context.timers.after("named", 10, "named timeout");
        return state;
      },
    };
    const actor = system.spawn(arming);
    actor.send("arm");
    await settle();
    actor.send("other");
    await clock.advance(10);
    expect(seen.splice(0)).toEqual(["arm", "other", "state timeout", "named timeout"]);
    actor.send("arm");
    await settle();
    actor.send("change");
    await clock.advance(10);
    expect(seen).toEqual(["arm", "change", "named timeout"]);
  });

  it("M20 a timer of 30 days does not fire early", async () => {
    const system = createSystem();
    const { seen, behavior } = recorder();
    const monthMs = 30 * 24 * 3_600_000;
    system.spawn({
      ...behavior,
      init: (context) => {
        context.timers.after("month", monthMs, "early");
        return 0;
      },
    });
    await system.clock.sleep(20);
    expect(seen).toEqual([]);
    await system.stop();
  });

  it("M21 due timers fire in order, with the handlers of each run before the next", async () => {
    const { clock, system } = world();
    const lines: string[] = [];
    const second = system.spawn(handler((message) => void lines.push(`second ${message}`)));
    const first = system.spawn(
      handler(async (message, context) => {
        if (message !== "arm") {
          await Promise.resolve();
          lines.push(`first ${message}@${context.clock.now()}`);
          second.send(message);
          return;
        }
        context.timers.after("c", 90, "c");
        context.timers.after("a", 30, "a");
        context.timers.after("b", 60, "b");
      }),
    );
    first.send("arm");
    await clock.advance(100);
    expect(lines).toEqual([
      "first a@30",
      "second a",
      "first b@60",
      "second b",
      "first c@90",
      "second c",
    ]);
  });
});
