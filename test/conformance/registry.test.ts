import { describe, expect, it } from "vitest";
import type { Behavior, Ref } from "../../src/actors/kernel/behavior.ts";
import type { GroupChange } from "../../src/actors/kernel/groups.ts";
import { deferred, handler, recorder, world } from "./world.ts";

const failing: Behavior<unknown, unknown> = {
  init: () => {
    throw new Error("cannot start");
  },
  receive: (state) => state,
};

describe("names and groups", () => {
  it("R01 finds who registered a name until its end", async () => {
    const { sys } = world();
    const actor = sys.actor(recorder().behavior);
    sys.registry.register("boss", actor);
    expect(sys.registry.whereis("boss")?.pid).toBe(actor.pid);
    await actor.stop();
    expect(sys.registry.whereis("boss")).toBeUndefined();
  });

  it("R02 refuses a taken name with the holder's pid; the loser leaves nothing behind", async () => {
    const { sys } = world();
    const { seen, behavior } = recorder();
    const holder = sys.actor(behavior, { name: "one" });
    expect(() => sys.actor(recorder().behavior, { name: "one" })).toThrow(
      expect.objectContaining({ code: "already-started", pid: holder.pid }),
    );
    const other = sys.actor(recorder().behavior);
    sys.registry.register("boss", holder);
    expect(() => sys.registry.register("boss", other)).toThrow(
      expect.objectContaining({ code: "already-started", pid: holder.pid }),
    );
    holder.send("still there");
    await holder.ref.stop(undefined, { drain: true });
    expect(seen).toEqual(["still there"]);
    expect(sys.tree().children).toHaveLength(1);
  });

  it("R03 frees the name of a failed start before the failure is told", async () => {
    const { sys } = world();
    const loser = sys.actor(failing, { name: "one" });
    await expect(loser.started).rejects.toThrow("cannot start");
    expect(() => sys.actor(recorder().behavior, { name: "one" })).not.toThrow();
  });

  it("R04 keeps an address across a restart; whereis finds the new incarnation", async () => {
    const { sys, settle } = world();
    const parent = handler((message, context) => {
      if (message !== "make") return;
      const slot = context.slot({ name: "child" });
      slot.start(recorder().behavior);
      void slot.address.exited.then(() => slot.start(recorder().behavior));
    });
    sys.actor(parent, { name: "parent" }).send("make");
    await settle();
    const address = sys.kernel.address("/parent/child");
    const old = sys.whereis("/parent/child");
    await old?.kill();
    await settle();
    const fresh = sys.whereis("/parent/child");
    expect([old?.epoch, fresh?.epoch, address.epoch, address.pid]).toEqual([1, 2, 2, fresh?.pid]);
  });

  it("R05 lets only the holder give up a name", () => {
    const { sys } = world();
    const holder = sys.actor(recorder().behavior);
    const other = sys.actor(recorder().behavior);
    sys.registry.register("boss", holder);
    expect(sys.registry.unregister("boss", other)).toBe(false);
    expect(sys.registry.whereis("boss")?.pid).toBe(holder.pid);
    expect(sys.registry.unregister("boss", holder)).toBe(true);
    expect(() => sys.registry.register("boss", other)).not.toThrow();
  });

  it("R06 lets exactly one of 20 starts with one name win", () => {
    const { sys } = world();
    let winners = 0;
    for (let count = 0; count < 20; count += 1) {
      try {
        sys.actor(recorder().behavior, { name: "one" });
        winners += 1;
      } catch {
        // The name is taken.
      }
    }
    expect(winners).toBe(1);
    expect(sys.tree().children).toHaveLength(1);
  });

  it("R07 frees the name of somebody killed at once", async () => {
    const { sys } = world();
    const holder = sys.actor(recorder().behavior, { name: "one" });
    sys.registry.register("boss", holder);
    void holder.kill();
    expect(sys.whereis("/one")).toBeUndefined();
    expect(sys.registry.whereis("boss")).toBeUndefined();
    expect(() => sys.actor(recorder().behavior, { name: "one" })).not.toThrow();
  });

  it("R08 queues messages to a name during its init and handles them after the started hook", async () => {
    const { sys, settle } = world();
    const gate = deferred();
    const seen: unknown[] = [];
    const slow: Behavior<unknown, unknown> = {
      init: async (context) => {
        context.self.send("from init");
        await gate.promise;
        return "ready";
      },
      started: async (state) => {
        await Promise.resolve();
        seen.push("started");
        return state;
      },
      receive: (state, message) => {
        seen.push(message);
        return state;
      },
    };
    sys.actor(slow, { name: "slow" });
    await settle();
    expect(sys.kernel.address("/slow").send("hello")).toBe(true);
    gate.resolve();
    await settle();
    expect(seen).toEqual(["started", "from init", "hello"]);
  });

  it("R09 keeps a member that joined twice and left once, and removes one that ended everywhere", async () => {
    const { sys } = world();
    const { groups } = sys.kernel;
    const actor = sys.actor(recorder().behavior);
    groups.join("red", actor.ref);
    groups.join("red", actor.ref);
    groups.join("blue", actor.ref);
    expect(groups.leave("red", actor.ref)).toBe(true);
    expect(groups.members("red")).toHaveLength(1);
    await actor.stop();
    expect([...groups.members("red"), ...groups.members("blue")]).toEqual([]);
    expect(groups.leave("red", actor.ref)).toBe(false);
  });

  it("R10 tells a subscriber the members first and then each change once", async () => {
    const { sys } = world();
    const { groups } = sys.kernel;
    const one = sys.actor(recorder().behavior);
    const two = sys.actor(recorder().behavior);
    groups.join("red", one.ref);
    const changes: GroupChange<Ref>[] = [];
    const stop = groups.subscribe("red", (change) => changes.push(change));
    groups.join("red", two.ref);
    groups.join("red", two.ref);
    await one.stop();
    stop();
    groups.leave("red", two.ref);
    groups.leave("red", two.ref);
    expect(changes.map((change) => change.type)).toEqual(["members", "joined", "left"]);
    expect(changes[0]).toMatchObject({ members: [{ pid: one.pid }] });
  });

  it("R11 leaves other keys of an actor alone when one is given up", () => {
    const { sys } = world();
    const actor = sys.actor(recorder().behavior);
    sys.registry.register("boss", actor);
    sys.registry.register("chief", actor);
    sys.kernel.groups.join("red", actor.ref);
    sys.kernel.groups.join("blue", actor.ref);
    sys.registry.unregister("boss", actor);
    sys.kernel.groups.leave("red", actor.ref);
    expect(sys.registry.names()).toEqual(["chief"]);
    expect(sys.kernel.groups.members("blue")).toHaveLength(1);
  });

  it("R12 refuses an actor that is stopping", async () => {
    const { clock, sys, W } = world();
    const actor = sys.actor(W("slow", { termDelay: 100 }));
    await clock.settle();
    const stopped = actor.stop();
    await clock.settle();
    const refused = expect.objectContaining({ code: "stopped" });
    expect(() => sys.kernel.groups.join("red", actor.ref)).toThrow(refused);
    expect(() => sys.registry.register("boss", actor)).toThrow(refused);
    await clock.advance(100);
    await stopped;
  });

  it("R13 refuses names that cannot be a part of a path", () => {
    const { sys } = world();
    const actor = sys.actor(recorder().behavior);
    for (const name of ["", "a/b", "..", "A", "-a", "a b", "a".repeat(65), "#(id)"]) {
      const refused = expect.objectContaining({ code: "invalid-name" });
      expect(() => sys.actor(recorder().behavior, { name })).toThrow(refused);
      expect(() => sys.registry.register(name, actor)).toThrow(refused);
    }
  });

  it("R14 never lists somebody who has ended", async () => {
    const { sys } = world();
    const actors = Array.from({ length: 20 }, (_, index) => {
      const actor = sys.actor(recorder().behavior);
      sys.registry.register(`name-${index}`, actor);
      return actor;
    });
    for (const actor of actors) {
      const stopped = actor.stop();
      for (let step = 0; step < 10; step += 1) {
        for (const name of sys.registry.names()) expect(sys.registry.whereis(name)).toBeDefined();
        await Promise.resolve();
      }
      await stopped;
    }
    expect(sys.registry.names()).toEqual([]);
  });
});
