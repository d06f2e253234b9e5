import type { Behavior, Exit, Ref, System } from "ramure/actors";
import { describe, expect, it } from "vitest";
import { actorOf, type Worker } from "./worker.ts";
import { deadLetters, handler, recorder, watch, world } from "./world.ts";

type Act = (context: Parameters<Parameters<typeof handler>[0]>[1]) => void;

/** An actor that does what it is sent, and writes down the rest. */
function doer(system: System, name?: string): { readonly actor: Ref; readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const behavior = handler((message, context) => {
    if (typeof message === "function") (message as Act)(context);
    else seen.push(message);
  });
  return { actor: system.spawn(behavior, { name }), seen };
}

const exitOf = (exit: Exit) => exit;

/** Makes an actor start a scripted worker below itself. */
const spawning =
  (spec: Worker): Act =>
  (context) =>
    context.spawn(actorOf(spec), { name: spec.id });

describe("monitors and links", () => {
  it("L01 a monitor tells of an end exactly once, with its reason", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const target = doer(system).actor;
    actor.send(((context) => context.monitor(target, exitOf)) satisfies Act);
    target.send(((context) => context.exit({ type: "normal", value: "bye" })) satisfies Act);
    await settle();
    expect(seen).toMatchObject([{ pid: target.pid, reason: { type: "normal", value: "bye" } }]);
  });

  it("L02 a monitor tells of an actor that has ended already with noproc, but not inside the call", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const target = doer(system).actor;
    await target.stop();
    let during: number | undefined;
    actor.send(((context) => {
      context.monitor(target, exitOf);
      during = seen.length;
    }) satisfies Act);
    await settle();
    expect(during).toBe(0);
    expect(seen).toMatchObject([{ reason: { type: "noproc" } }]);
    const { downs, first } = watch(target);
    expect(downs).toHaveLength(0);
    expect(await first).toMatchObject({ reason: { type: "noproc" } });
  });

  it("L03 one watcher with two monitors gets two messages", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const target = doer(system).actor;
    actor.send(((context) => {
      context.monitor(target, () => "first");
      context.monitor(target, () => "second");
    }) satisfies Act);
    await settle();
    await target.stop();
    await settle();
    expect(seen).toEqual(["first", "second"]);
  });

  it("L04 a cancelled monitor tells nothing, even when its message was queued", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const target = doer(system).actor;
    actor.send(((context) => {
      const early = context.monitor(target, () => "early");
      const queued = context.monitor(target, () => "queued");
      early.cancel();
      void target.kill();
      queued.cancel();
    }) satisfies Act);
    await settle();
    expect(seen).toEqual([]);
  });

  it("L05 a monitor tells of the old incarnation once and never of the new one", async () => {
    const { system, settle } = world();
    const slots: { start(): void }[] = [];
    const parent = handler((_message, context) => {
      const slot = context.slot({ name: "child" });
      slots.push({ start: () => slot.start(recorder().behavior) });
      slot.start(recorder().behavior);
    });
    system.spawn(parent, { name: "parent" }).send("make");
    await settle();
    const { actor, seen } = doer(system);
    actor.send(((context) =>
      context.monitor(system.address("/parent/child"), exitOf)) satisfies Act);
    await settle();
    await system.address("/parent/child").kill();
    slots[0]?.start();
    await settle();
    await system.address("/parent/child").kill();
    await settle();
    expect(seen).toMatchObject([{ epoch: 1, reason: { type: "killed" } }]);
  });

  it("L06 the monitors of a watcher that ended are forgotten", async () => {
    const { system, settle } = world();
    const watcher = doer(system).actor;
    const target = doer(system).actor;
    watcher.send(((context) => context.monitor(target, exitOf)) satisfies Act);
    await settle();
    const monitors = () => system.tree().children.map((child) => child.monitors);
    expect(monitors()).toEqual([1, 0]);
    await watcher.stop();
    expect(monitors()).toEqual([0]);
    await target.stop();
    expect(deadLetters(system)).toEqual([]);
  });

  it("L07 a monitor says killed of an actor that was killed", async () => {
    const { system } = world();
    const target = doer(system).actor;
    const { first } = watch(target);
    await target.kill();
    expect(await first).toMatchObject({ reason: { type: "killed", by: "api" } });
  });

  it("L08 a linked partner lives through a normal end and dies with a failure", async () => {
    const { system, settle } = world();
    const survivor = doer(system).actor;
    const calm = doer(system).actor;
    const wild = doer(system).actor;
    system.link(survivor, calm);
    system.link(survivor, wild);
    calm.send(((context) => context.exit()) satisfies Act);
    await settle();
    expect(system.whereis(survivor.path)).toBeDefined();
    wild.send((() => {
      throw new Error("wild");
    }) satisfies Act);
    expect(await survivor.exited).toMatchObject({ type: "error", class: "linked" });
  });

  it("L09 an actor that traps exits gets a message instead, also for a killed partner; a direct kill is not trapped", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const partner = doer(system).actor;
    actor.send(((context) => {
      context.trapExit(exitOf);
      context.link(partner);
    }) satisfies Act);
    await settle();
    await partner.kill();
    await settle();
    expect(seen).toMatchObject([{ pid: partner.pid, reason: { type: "killed" } }]);
    expect(await actor.kill()).toMatchObject({ type: "killed" });
  });

  it("L10 a link to an ended actor signals noproc at once", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const partner = doer(system).actor;
    await partner.stop();
    actor.send(((context) => {
      context.trapExit(exitOf);
      context.link(partner);
    }) satisfies Act);
    await settle();
    expect(seen).toMatchObject([{ reason: { type: "noproc" } }]);
    const plain = doer(system).actor;
    plain.send(((context) => context.link(partner)) satisfies Act);
    expect(await plain.exited).toMatchObject({ type: "error", class: "linked" });
  });

  it("L11 two links are one, with one signal, and none after an unlink", async () => {
    const { system, settle } = world();
    const { actor, seen } = doer(system);
    const twice = doer(system).actor;
    const never = doer(system).actor;
    actor.send(((context) => {
      context.trapExit(exitOf);
      context.link(twice);
      context.link(twice);
      context.link(never);
      context.unlink(never);
    }) satisfies Act);
    await settle();
    await twice.kill();
    await never.kill();
    await settle();
    expect(seen).toMatchObject([{ pid: twice.pid }]);
  });

  it("L12 a child stops before the end of its parent is told", async () => {
    const { clock, system, worker, journal } = world();
    const parent = doer(system, "parent").actor;
    await parent.started;
    parent.send(spawning(worker("child", { termDelay: 50 })));
    await clock.settle();
    const { first } = watch(parent);
    void first.then(() => journal.push("parent down"));
    const stopped = parent.stop();
    await clock.advance(50);
    await stopped;
    expect(journal).toEqual(["start child#1", "term child#1 shutdown", "parent down"]);
  });

  it("L13 a kill leaves nothing of the tree below the killed actor", async () => {
    const { system, worker, settle } = world();
    const parent = doer(system, "parent").actor;
    await parent.started;
    parent.send(spawning(worker("child")));
    await settle();
    system.address("/parent/child").send({ spawn: worker("grandchild") });
    await settle();
    const paths = ["/parent", "/parent/child", "/parent/child/grandchild"];
    const reasons = paths.map((path) => system.whereis(path)?.exited);
    await parent.kill();
    expect(await Promise.all(reasons)).toMatchObject(paths.map(() => ({ type: "killed" })));
    expect(system.tree().children).toEqual([]);
  });

  it("L14 an actor may watch another one's child without owning it", async () => {
    const { system, worker, settle } = world();
    const parent = doer(system, "parent").actor;
    await parent.started;
    parent.send(spawning(worker("child")));
    await settle();
    const child = system.address("/parent/child");
    const { pid } = child;
    const stranger = doer(system, "stranger");
    stranger.actor.send(((context) => context.monitor(child, exitOf)) satisfies Act);
    await settle();
    await stranger.actor.stop();
    expect(system.whereis("/parent/child")?.pid).toBe(pid);
  });

  it("L15 an end carries the original message and code of the error to the parent", async () => {
    const { system, settle } = world();
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
    system.spawn(parent).send("make");
    await settle();
    expect(seen[0]?.reason).toMatchObject({ type: "error", message: "disk full", code: "ENOSPC" });
    expect(seen[0]?.reason).toHaveProperty("stack");
  });
});
