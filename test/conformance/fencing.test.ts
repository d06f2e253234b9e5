import { EventEmitter } from "node:events";
import { type Behavior, type Context, createSystem } from "ramure/actors";
import { startSupervisor } from "ramure/supervisors";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { scopeNow } from "../../src/actors/kernel/scope.ts";
import { deferred } from "../../src/actors/wait.ts";
import { emit } from "../../src/supervisors/program/ambient.ts";
import { deadLetters, handler, recorder, world } from "./world.ts";

describe("fencing and scope", () => {
  it("F01 a supervisor goes on at the end of the budget of a child that ignores its signal", async () => {
    const { clock, system, worker, journal } = world();
    const sup = await startSupervisor(system, {}, [worker("a", { shutdownMs: 50 })]);
    const path = `${sup.path}/a`;
    system.address(path).send({ ignore: 300 });
    await clock.settle();
    const stopped = sup.terminateChild("a");
    await clock.advance(50);
    await stopped;
    expect(clock.now()).toBe(50);
    expect(system.whereis(path)).toBeUndefined();
    expect(system.orphans()).toMatchObject([{ path, epoch: 1 }]);
    await clock.advance(250);
    expect(system.orphans()).toEqual([]);
    expect(journal).toEqual(["start a#1", 'msg a#1 {"ignore":300}']);
    await sup.stop();
  });

  it("F02 exactly one owned timer is alive after five restarts", async () => {
    const { clock, system, settle } = world();
    let ticks = 0;
    const ticking: Behavior<unknown, unknown> = {
      init: (context) => {
        const tick = () => {
          ticks += 1;
        };
        const timer = clock.setTimer(1_000, tick);
        context.own(() => timer.cancel());
        return 0;
      },
      receive: () => {
        throw new Error("boom");
      },
    };
    const sup = await startSupervisor(system, { intensity: { maxRestarts: 10 } }, [
      { id: "a", start: () => ticking, restart: "permanent" },
    ]);
    for (let count = 0; count < 5; count += 1) {
      system.address(`${sup.path}/a`).send("boom");
      await settle();
    }
    expect(system.address(`${sup.path}/a`).epoch).toBe(6);
    expect(clock.pending).toBe(1);
    await clock.advance(1_000);
    expect(ticks).toBe(1);
    await sup.stop();
  });

  it("F03 a stop aborts the signal with a stopped error, those of the children too", async () => {
    const { system, settle } = world();
    const signals: AbortSignal[] = [];
    const child = handler(() => undefined);
    const parent: Behavior<unknown, unknown> = {
      init: (context) => {
        signals.push(context.signal);
        context.spawn<unknown, unknown>({
          ...child,
          init: (inner) => {
            signals.push(inner.signal);
            return 0;
          },
        });
        return 0;
      },
      receive: (state) => state,
    };
    const actor = system.spawn(parent);
    await settle();
    await actor.stop();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
    for (const signal of signals) expect(signal.reason).toMatchObject({ code: "stopped" });
  });

  it("F04 a signal takes 50 waits without a warning", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const { clock, system, settle } = world();
    const actor = system.spawn(
      handler(async (_message, { signal }) => {
        await Promise.all(Array.from({ length: 50 }, () => clock.sleep(10, { signal })));
      }),
    );
    actor.send("wait");
    await settle();
    await actor.stop();
    await settle();
    expect(warned).not.toHaveBeenCalled();
  });

  it("F05 an abort callback that throws harms nobody, and the others are called", async () => {
    const uncaught = vi.fn();
    process.on("uncaughtException", uncaught);
    onTestFinished(() => void process.off("uncaughtException", uncaught));
    const { system, settle } = world();
    const heard: string[] = [];
    const actor = system.spawn(
      handler((_message, { signal }) => {
        signal.addEventListener("abort", () => {
          throw new Error("the callback's own trouble");
        });
        const removed = () => void heard.push("removed");
        signal.addEventListener("abort", removed);
        signal.removeEventListener("abort", removed);
        signal.addEventListener("abort", () => void heard.push("other"), { once: true });
      }),
      { name: "w" },
    );
    actor.send("listen");
    await settle();
    await actor.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(["other"]);
    expect(uncaught).not.toHaveBeenCalled();
    expect(await system.events("/w").waitFor("abort-callback-failed")).toMatchObject({
      data: { message: "the callback's own trouble" },
    });
  });

  it("F06 code after an await, a timer and a file callback runs as its actor", async () => {
    const system = createSystem();
    const seen: unknown[] = [];
    const whose = () => seen.push(scopeNow()?.party.path);
    const actor = system.spawn(
      handler(async (_message, context) => {
        whose();
        await Promise.resolve();
        whose();
        await context.clock.sleep(1);
        whose();
        const { readFile } = await import("node:fs");
        await new Promise<void>((resolve) => {
          readFile("package.json", () => {
            whose();
            resolve();
          });
        });
        context.exit();
      }),
      { name: "me" },
    );
    actor.send("go");
    await actor.exited;
    expect(seen).toEqual(["/me", "/me", "/me", "/me"]);
    await system.stop();
  });

  it("F06 a bound callback runs as its actor, whoever calls it", async () => {
    const { system, settle } = world();
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    const listen = system.spawn(
      handler((_message, context) => {
        emitter.on(
          "event",
          context.bind(async () => {
            seen.push(scopeNow()?.party.path);
            await Promise.resolve();
            seen.push(scopeNow()?.party.path);
          }),
        );
      }),
      { name: "listener" },
    );
    listen.send("go");
    await settle();
    system
      .spawn(
        handler(() => void emitter.emit("event")),
        { name: "emitter" },
      )
      .send("go");
    await settle();
    expect(seen).toEqual(["/listener", "/listener"]);
  });

  it("F07 two actors that await one promise go on each as itself", async () => {
    const { system, settle } = world();
    const gate = deferred<void>();
    const seen: unknown[] = [];
    const waiting = handler(async () => {
      await gate.promise;
      seen.push(scopeNow()?.party.path);
    });
    system.spawn(waiting, { name: "one" }).send("go");
    system.spawn(waiting, { name: "two" }).send("go");
    await settle();
    gate.resolve();
    await settle();
    expect(seen).toEqual(["/one", "/two"]);
  });

  it("F08 an ambient verb names itself when it is called outside of any process", () => {
    expect(() => emit("hello")).toThrow(/emit/);
  });

  it("F09 a start resolves before a slow started hook ends, and messages wait for the hook", async () => {
    const { clock, system } = world();
    const seen: string[] = [];
    const behavior: Behavior<unknown, unknown> = {
      init: () => 0,
      started: async (state) => {
        await clock.sleep(100);
        seen.push("hook");
        return state;
      },
      receive: (state) => {
        seen.push("message");
        return state;
      },
    };
    const actor = system.spawn(behavior);
    actor.send("hello");
    void actor.started.then(() => seen.push("started"));
    await clock.advance(100);
    expect(seen).toEqual(["started", "hook", "message"]);
  });

  it("F10 a stuck actor is reported, killed where that is the policy, and spared while it awaits a person", async () => {
    const { clock, system } = world();
    const busy = handler(async (message, context) => {
      const done = message === "ask" ? context.awaiting() : undefined;
      await clock.sleep(1_000);
      done?.();
    });
    const reported = system.spawn(busy, { name: "reported", stuckAfterMs: 100 });
    const killed = system.spawn(busy, { name: "killed", stuckAfterMs: 100, whenStuck: "kill" });
    const patient = system.spawn(busy, { name: "patient", stuckAfterMs: 100, whenStuck: "kill" });
    reported.send("work");
    killed.send("work");
    patient.send("ask");
    await clock.advance(150);
    expect(await killed.exited).toMatchObject({ type: "error", class: "stuck" });
    expect(await system.events("/reported").waitFor("stuck")).toMatchObject({
      data: { message: "work", forMs: 100 },
    });
    expect(system.whereis("/reported")).toBeDefined();
    await clock.advance(850);
    expect(system.whereis("/patient")).toBeDefined();
  });

  it("F11 the event loop-blocked names the actor that blocked the loop", async () => {
    const system = createSystem({ loopBlockedMs: 100 });
    const blocker = system.spawn(
      handler(() => {
        const until = performance.now() + 150;
        while (performance.now() < until);
      }),
      { name: "blocker" },
    );
    system.spawn(recorder().behavior, { name: "innocent" }).send("hello");
    blocker.send("block");
    // On a busy machine the loop may be late by itself before that.
    const named = ({ source }: { readonly source?: string | undefined }) => source === "blocker";
    await system.events("/").waitFor("loop-blocked", { where: named });
    await system.stop();
  });

  it("F12 an orphan counts until its code settles", async () => {
    const { clock, system } = world();
    const gate = deferred<void>();
    const actor = system.spawn(handler(() => gate.promise));
    actor.send({ type: "long-work" });
    await clock.settle();
    await actor.kill();
    expect(system.orphans()).toMatchObject([{ pid: actor.pid, doing: "long-work" }]);
    gate.reject(new Error("too late"));
    await clock.settle();
    expect(system.orphans()).toEqual([]);
    expect(await system.events("/").waitFor("orphan-settled")).toMatchObject({
      data: { error: "too late" },
    });
  });

  it("F13 every effect of an ended incarnation is void", async () => {
    const { system, settle } = world();
    const gate = deferred<void>();
    const { seen, behavior } = recorder();
    const target = system.spawn(behavior, { name: "target" });
    const errors: unknown[] = [];
    const disposed: string[] = [];
    const effects: ((context: Context<unknown>) => unknown)[] = [
      (context) => context.emit("late"),
      (context) => context.spawn(behavior),
      (context) => context.monitor(target, (exit) => exit),
      (context) => context.timers.after("late", 1, "late"),
      (context) => context.own(() => void disposed.push("at once")),
    ];
    const zombie = system.spawn(
      handler(async (_message, context) => {
        await gate.promise;
        errors.push(target.send("late"));
        for (const effect of effects) {
          try {
            effect(context);
          } catch (error) {
            errors.push((error as { code: string }).code);
          }
        }
        await target.call("late");
        errors.push("the call came back");
      }),
      { name: "zombie" },
    );
    zombie.send("go");
    await settle();
    await zombie.kill();
    gate.resolve();
    await settle();
    expect(errors).toEqual([false, ...Array(5).fill("stopped")]);
    expect(disposed).toEqual(["at once"]);
    expect(seen).toEqual([]);
    expect(deadLetters(system)).toMatchObject([{ to: "/target", reason: "fenced" }]);
    expect(await system.events("/").waitFor("fenced")).toMatchObject({ source: "zombie" });
  });

  it("F14 what was owned is released last first, also when one of them throws, and a kill does not wait for it", async () => {
    const { system, settle } = world();
    const owning = (lines: string[], gate: Promise<void>): Behavior<unknown, unknown> => ({
      init: (context) => {
        context.own(() => void lines.push("first"));
        context.own(() => {
          throw new Error("stuck lock");
        });
        context.own(async () => {
          await gate;
          lines.push("last");
        });
        const release = context.own(() => void lines.push("never"));
        release();
        return 0;
      },
      receive: (state) => state,
    });
    const gate = deferred<void>();
    const stopped: string[] = [];
    const killed: string[] = [];
    const one = system.spawn(owning(stopped, gate.promise), { name: "one" });
    const two = system.spawn(owning(killed, gate.promise), { name: "two" });
    await settle();
    const stopping = one.stop();
    await two.kill();
    expect([stopped, killed]).toEqual([[], ["first"]]);
    gate.resolve();
    await stopping;
    expect([stopped, killed]).toEqual([
      ["last", "first"],
      ["first", "last"],
    ]);
    expect(system.events("/one").recent()).toMatchObject([
      { type: "dispose-failed" },
      { type: "cancelled" },
    ]);
  });

  it("F15 a slot says when nothing of a killed incarnation is left", async () => {
    const { system, settle } = world();
    const gate = deferred<void>();
    let left: Promise<void> = Promise.resolve();
    const parent = handler(async (_message, context) => {
      const slot = context.slot({ name: "child" });
      const child = slot.start(handler(() => gate.promise));
      child.send("go");
      await child.started;
      await Promise.resolve();
      await child.kill();
      left = slot.settled();
    });
    system.spawn(parent).send("go");
    await settle();
    let settled = false;
    void left.then(() => {
      settled = true;
    });
    await settle();
    const orphans = system.orphans().length;
    expect(settled).toBe(orphans === 0);
    gate.resolve();
    await left;
    expect(system.orphans()).toEqual([]);
  });
});
