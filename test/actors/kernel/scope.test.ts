import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import type { Behavior } from "../../../src/actors/kernel/behavior.ts";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";

describe("whose code runs", () => {
  it("a handler inherits no async scope from the code that woke the scheduler", async () => {
    const storage = new AsyncLocalStorage<string>();
    const system = createSystem();
    const seen: unknown[] = [];
    const behavior: Behavior<string, number> = {
      init: () => 0,
      receive: (state) => {
        seen.push(storage.getStore());
        return state;
      },
    };
    const ref = system.spawn(behavior);
    await storage.run("the sender's", async () => {
      ref.send("hello");
      await ref.stop(undefined, { drain: true });
    });
    expect(seen).toEqual([undefined]);
    await system.stop();
  });

  it("the sends of a living actor count though an actor that has ended woke it", async () => {
    const clock = manualClock();
    const system = createSystem({ clock });
    const heard: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const target = system.spawn<string, number>({
      init: () => 0,
      receive: (state, message) => {
        heard.push(message);
        return state;
      },
    });
    const worker = system.spawn<string, number>({
      init: () => 0,
      // Not an async function: nothing says ahead that it will wait.
      receive: (state) => gate.then(() => void target.send("done")).then(() => state),
    });
    const waker = system.spawn<string, number>({
      init: () => 0,
      receive: async (state) => {
        await Promise.resolve();
        worker.send("work");
        return state;
      },
    });
    waker.send("go");
    await clock.settle();
    await waker.kill();
    release();
    await clock.settle();
    expect(heard).toEqual(["done"]);
    await system.stop();
  });
});

describe("a handler that has its own actor killed", () => {
  it("a handler that kills its own actor goes on as an orphan, and what it does is void", async () => {
    const clock = manualClock();
    const system = createSystem({ clock });
    const heard: string[] = [];
    const target = system.spawn<string, number>({
      init: () => 0,
      receive: (state, message) => {
        heard.push(message);
        return state;
      },
    });
    const ref = system.spawn<string, number>({
      init: () => 0,
      receive: async (state, _message, context) => {
        void context.self.kill();
        target.send("at once");
        await clock.sleep(10);
        target.send("later");
        return state;
      },
    });
    ref.send("go");
    await clock.settle();
    expect(await ref.exited).toEqual({ type: "killed", by: "api" });
    expect(system.orphans()).toHaveLength(1);
    await clock.advance(10);
    expect(system.orphans()).toEqual([]);
    expect(heard).toEqual([]);
    await system.stop();
  });
});

describe("code of an ended incarnation", () => {
  it("code of an ended incarnation is counted with every effect that it tries, while it runs and when it settles", async () => {
    const clock = manualClock();
    const system = createSystem({ clock });
    const target = system.spawn<string, number>({ init: () => 0, receive: (state) => state });
    const refused: unknown[] = [];
    const ref = system.spawn<string, number>(
      {
        init: () => 0,
        receive: async (state, _message, context) => {
          await clock.sleep(10);
          target.send("late");
          context.from?.send("late");
          const effects = [
            () => system.register("late", target),
            () => system.spawn({ init: () => 0, receive: () => 0 }),
            () => context.emit("late"),
          ];
          for (const effect of effects) {
            try {
              effect();
            } catch (error) {
              refused.push(error);
            }
          }
          await clock.sleep(10);
          return state;
        },
      },
      { name: "zombie" },
    );
    const called = expect(ref.call("go")).rejects.toMatchObject({ code: "down" });
    await clock.settle();
    await ref.kill();
    await called;
    expect(system.orphans()).toMatchObject([{ path: "/zombie", fenced: 0 }]);
    await clock.advance(10);
    expect(system.orphans()).toMatchObject([{ path: "/zombie", fenced: 5 }]);
    expect(refused).toMatchObject(Array(3).fill({ code: "stopped" }));
    expect(system.registered()).toEqual([]);
    expect(system.tree().children).toHaveLength(1);
    await clock.advance(10);
    expect(await system.events("/").waitFor("orphan-settled")).toMatchObject({
      data: { actor: "/zombie", fenced: 5 },
    });
    await system.stop();
  });
});
