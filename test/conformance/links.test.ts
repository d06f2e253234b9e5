import { describe, expect, it } from "vitest";
import type { Behavior } from "../../src/actors/kernel/behavior.ts";
import type { Exit } from "../../src/actors/kernel/exit-reason.ts";
import type { ActorRef, Sys } from "./adapter.ts";
import { handler, recorder, world } from "./world.ts";

type Act = (context: Parameters<Parameters<typeof handler>[0]>[1]) => void;

/** An actor that does what it is sent, and writes down the rest. */
function doer(sys: Sys, name?: string): { readonly actor: ActorRef; readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const behavior = handler((message, context) => {
    if (typeof message === "function") (message as Act)(context);
    else seen.push(message);
  });
  return { actor: sys.actor(behavior, { name }), seen };
}

const exitOf = (exit: Exit) => exit;

describe("monitors and links", () => {
  it("L01 tells of a monitored end exactly once, with its reason", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const target = doer(sys).actor;
    actor.send(((context) => context.monitor(target.ref, exitOf)) satisfies Act);
    target.send(((context) => context.exit({ type: "normal", value: "bye" })) satisfies Act);
    await settle();
    expect(seen).toMatchObject([{ pid: target.pid, reason: { type: "normal", value: "bye" } }]);
  });

  it("L02 tells of somebody who has ended already with noproc, but not inside the call", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const target = doer(sys).actor;
    await target.stop();
    let during: number | undefined;
    actor.send(((context) => {
      context.monitor(target.ref, exitOf);
      during = seen.length;
    }) satisfies Act);
    await settle();
    expect(during).toBe(0);
    expect(seen).toMatchObject([{ reason: { type: "noproc" } }]);
    const { downs, first } = sys.monitor(target);
    expect(downs).toHaveLength(0);
    expect(await first).toMatchObject({ reason: { type: "noproc" } });
  });

  it("L03 gives one watcher with two monitors two messages", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const target = doer(sys).actor;
    actor.send(((context) => {
      context.monitor(target.ref, () => "first");
      context.monitor(target.ref, () => "second");
    }) satisfies Act);
    await settle();
    await target.stop();
    await settle();
    expect(seen).toEqual(["first", "second"]);
  });

  it("L04 tells nothing after the monitor was cancelled, even when the message was queued", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const target = doer(sys).actor;
    actor.send(((context) => {
      const early = context.monitor(target.ref, () => "early");
      const queued = context.monitor(target.ref, () => "queued");
      early.cancel();
      void target.ref.kill();
      queued.cancel();
    }) satisfies Act);
    await settle();
    expect(seen).toEqual([]);
  });

  it("L05 tells of the old incarnation once and never of the new one", async () => {
    const { sys, settle } = world();
    const slots: { start(): void }[] = [];
    const parent = handler((_message, context) => {
      const slot = context.slot({ name: "child" });
      slots.push({ start: () => slot.start(recorder().behavior) });
      slot.start(recorder().behavior);
    });
    sys.actor(parent, { name: "parent" }).send("make");
    await settle();
    const { actor, seen } = doer(sys);
    actor.send(((context) =>
      context.monitor(sys.kernel.address("/parent/child"), exitOf)) satisfies Act);
    await settle();
    await sys.kernel.address("/parent/child").kill();
    slots[0]?.start();
    await settle();
    await sys.kernel.address("/parent/child").kill();
    await settle();
    expect(seen).toMatchObject([{ epoch: 1, reason: { type: "killed" } }]);
  });

  it("L06 forgets the monitors of a watcher that ended", async () => {
    const { sys, settle } = world();
    const watcher = doer(sys).actor;
    const target = doer(sys).actor;
    watcher.send(((context) => context.monitor(target.ref, exitOf)) satisfies Act);
    await settle();
    const monitors = () => sys.tree().children.map((child) => child.monitors);
    expect(monitors()).toEqual([1, 0]);
    await watcher.stop();
    expect(monitors()).toEqual([0]);
    await target.stop();
    expect(sys.deadLetters()).toEqual([]);
  });

  it("L07 says killed of who was killed", async () => {
    const { sys } = world();
    const target = doer(sys).actor;
    const { first } = sys.monitor(target);
    await target.kill();
    expect(await first).toMatchObject({ reason: { type: "killed", by: "api" } });
  });

  it("L08 lets a linked partner live through a normal end and die with a failure", async () => {
    const { sys, settle } = world();
    const survivor = doer(sys).actor;
    const calm = doer(sys).actor;
    const wild = doer(sys).actor;
    sys.link(survivor, calm);
    sys.link(survivor, wild);
    calm.send(((context) => context.exit()) satisfies Act);
    await settle();
    expect(sys.whereis(survivor.path)).toBeDefined();
    wild.send((() => {
      throw new Error("wild");
    }) satisfies Act);
    expect(await survivor.exited).toMatchObject({ type: "error", class: "linked" });
  });

  it("L09 gives who traps exits a message instead, also for a killed partner; a direct kill is not trapped", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const partner = doer(sys).actor;
    actor.send(((context) => {
      context.trapExit(exitOf);
      context.link(partner.ref);
    }) satisfies Act);
    await settle();
    await partner.kill();
    await settle();
    expect(seen).toMatchObject([{ pid: partner.pid, reason: { type: "killed" } }]);
    expect(await actor.kill()).toMatchObject({ type: "killed" });
  });

  it("L10 signals noproc at once to who links to somebody ended", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const partner = doer(sys).actor;
    await partner.stop();
    actor.send(((context) => {
      context.trapExit(exitOf);
      context.link(partner.ref);
    }) satisfies Act);
    await settle();
    expect(seen).toMatchObject([{ reason: { type: "noproc" } }]);
    const plain = doer(sys).actor;
    plain.send(((context) => context.link(partner.ref)) satisfies Act);
    expect(await plain.exited).toMatchObject({ type: "error", class: "linked" });
  });

  it("L11 makes two links one, with one signal, and none after an unlink", async () => {
    const { sys, settle } = world();
    const { actor, seen } = doer(sys);
    const twice = doer(sys).actor;
    const never = doer(sys).actor;
    actor.send(((context) => {
      context.trapExit(exitOf);
      context.link(twice.ref);
      context.link(twice.ref);
      context.link(never.ref);
      context.unlink(never.ref);
    }) satisfies Act);
    await settle();
    await twice.kill();
    await never.kill();
    await settle();
    expect(seen).toMatchObject([{ pid: twice.pid }]);
  });

  it("L12 stops the child before the parent's end is told", async () => {
    const { clock, sys, W, journal } = world();
    const parent = doer(sys, "parent").actor;
    await parent.started;
    sys.actor(W("child", { termDelay: 50 }), { parent });
    await clock.settle();
    const { first } = sys.monitor(parent);
    void first.then(() => journal.push("parent down"));
    const stopped = parent.stop();
    await clock.advance(50);
    await stopped;
    expect(journal).toEqual(["start child#1", "term child#1 shutdown", "parent down"]);
  });

  it("L13 leaves none of the tree below somebody killed", async () => {
    const { sys, W, settle } = world();
    const parent = doer(sys, "parent").actor;
    await parent.started;
    const child = sys.actor(W("child"), { parent });
    await settle();
    const grandchild = sys.actor(W("grandchild"), { parent: child });
    await settle();
    const reasons = Promise.all([grandchild.exited, child.exited, parent.exited]);
    await parent.kill();
    expect((await reasons).map((reason) => reason.type)).toEqual(["killed", "killed", "killed"]);
    expect(sys.tree().children).toEqual([]);
  });

  it("L14 lets anybody watch somebody else's child without owning it", async () => {
    const { sys, W, settle } = world();
    const parent = doer(sys, "parent").actor;
    await parent.started;
    const child = sys.actor(W("child"), { parent });
    const stranger = doer(sys, "stranger");
    stranger.actor.send(((context) => context.monitor(child.ref, exitOf)) satisfies Act);
    await settle();
    await stranger.actor.stop();
    expect(sys.whereis("/parent/child")?.pid).toBe(child.pid);
  });

  it("L15 carries the original error's message and code to the parent", async () => {
    const { sys, settle } = world();
    const seen: Exit[] = [];
    const failing: Behavior<string, number> = {
      init: () => 0,
      receive: () => {
        throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
      },
    };
    const parent = handler((message, context) => {
      if (message === "make") context.spawn(failing, { onExit: exitOf }).send("go");
      else seen.push(message as Exit);
    });
    sys.actor(parent).send("make");
    await settle();
    expect(seen[0]?.reason).toMatchObject({ type: "error", message: "disk full", code: "ENOSPC" });
    expect(seen[0]?.reason).toHaveProperty("stack");
  });
});
