import type { Behavior, GroupChange, Ref } from "ramure/actors";
import { describe, expect, it } from "vitest";
import { deferred } from "../../src/actors/wait.ts";
import { handler, recorder, world } from "./world.ts";

const failing: Behavior<unknown, unknown> = {
  init: () => {
    throw new Error("cannot start");
  },
  receive: (state) => state,
};

describe("names and groups", () => {
  it("R01 a registered name finds its actor until its end", async () => {
    const { system } = world();
    const actor = system.spawn(recorder().behavior);
    system.register("boss", actor);
    expect(system.whereis("boss")?.pid).toBe(actor.pid);
    await actor.stop();
    expect(system.whereis("boss")).toBeUndefined();
  });

  it("R02 a taken name is refused with the holder's pid, and the loser leaves nothing behind", async () => {
    const { system } = world();
    const { seen, behavior } = recorder();
    const holder = system.spawn(behavior, { name: "one" });
    expect(() => system.spawn(recorder().behavior, { name: "one" })).toThrow(
      expect.objectContaining({ code: "already-started", pid: holder.pid }),
    );
    const other = system.spawn(recorder().behavior);
    system.register("boss", holder);
    expect(() => system.register("boss", other)).toThrow(
      expect.objectContaining({ code: "already-started", pid: holder.pid }),
    );
    holder.send("still there");
    await holder.stop(undefined, { drain: true });
    expect(seen).toEqual(["still there"]);
    expect(system.tree().children).toHaveLength(1);
  });

  it("R03 a failed start frees its name before the failure is told", async () => {
    const { system } = world();
    const loser = system.spawn(failing, { name: "one" });
    await expect(loser.started).rejects.toThrow("cannot start");
    expect(() => system.spawn(recorder().behavior, { name: "one" })).not.toThrow();
  });

  it("R04 an address stays across a restart, and whereis finds the new incarnation", async () => {
    const { system, settle } = world();
    const parent = handler((message, context) => {
      if (message !== "make") return;
      const slot = context.slot({ name: "child" });
      slot.start(recorder().behavior);
      void slot.address.exited.then(() => slot.start(recorder().behavior));
    });
    system.spawn(parent, { name: "parent" }).send("make");
    await settle();
    const address = system.address("/parent/child");
    const old = system.whereis("/parent/child");
    await old?.kill();
    await settle();
    const fresh = system.whereis("/parent/child");
    expect([old?.epoch, fresh?.epoch, address.epoch, address.pid]).toEqual([1, 2, 2, fresh?.pid]);
  });

  it("R05 only the holder can give up a name", () => {
    const { system } = world();
    const holder = system.spawn(recorder().behavior);
    const other = system.spawn(recorder().behavior);
    system.register("boss", holder);
    expect(system.unregister("boss", other)).toBe(false);
    expect(system.whereis("boss")?.pid).toBe(holder.pid);
    expect(system.unregister("boss", holder)).toBe(true);
    expect(() => system.register("boss", other)).not.toThrow();
  });

  it("R06 exactly one of 20 starts with one name wins", () => {
    const { system } = world();
    let winners = 0;
    for (let count = 0; count < 20; count += 1) {
      try {
        system.spawn(recorder().behavior, { name: "one" });
        winners += 1;
      } catch {
        // The name is taken.
      }
    }
    expect(winners).toBe(1);
    expect(system.tree().children).toHaveLength(1);
  });

  it("R07 the name of a killed actor is free at once", async () => {
    const { system } = world();
    const holder = system.spawn(recorder().behavior, { name: "one" });
    system.register("boss", holder);
    void holder.kill();
    expect(system.whereis("/one")).toBeUndefined();
    expect(system.whereis("boss")).toBeUndefined();
    expect(() => system.spawn(recorder().behavior, { name: "one" })).not.toThrow();
  });

  it("R08 messages to a name during its init wait until after the started hook", async () => {
    const { system, settle } = world();
    const gate = deferred<void>();
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
    system.spawn(slow, { name: "slow" });
    await settle();
    expect(system.address("/slow").send("hello")).toBe(true);
    gate.resolve();
    await settle();
    expect(seen).toEqual(["started", "from init", "hello"]);
  });

  it("R09 a member that joined a group twice and left once stays, and one that ended is removed everywhere", async () => {
    const { system } = world();
    const { groups } = system;
    const actor = system.spawn(recorder().behavior);
    groups.join("red", actor);
    groups.join("red", actor);
    groups.join("blue", actor);
    expect(groups.leave("red", actor)).toBe(true);
    expect(groups.members("red")).toHaveLength(1);
    await actor.stop();
    expect([...groups.members("red"), ...groups.members("blue")]).toEqual([]);
    expect(groups.leave("red", actor)).toBe(false);
  });

  it("R10 a group tells a subscriber the members first and then each change once", async () => {
    const { system } = world();
    const { groups } = system;
    const one = system.spawn(recorder().behavior);
    const two = system.spawn(recorder().behavior);
    groups.join("red", one);
    const changes: GroupChange<Ref>[] = [];
    const stop = groups.subscribe("red", (change) => changes.push(change));
    groups.join("red", two);
    groups.join("red", two);
    await one.stop();
    stop();
    groups.leave("red", two);
    groups.leave("red", two);
    expect(changes.map((change) => change.type)).toEqual(["members", "joined", "left"]);
    expect(changes[0]).toMatchObject({ members: [{ pid: one.pid }] });
  });

  it("R11 an actor that gives up one name keeps its other names and groups", () => {
    const { system } = world();
    const actor = system.spawn(recorder().behavior);
    system.register("boss", actor);
    system.register("chief", actor);
    system.groups.join("red", actor);
    system.groups.join("blue", actor);
    system.unregister("boss", actor);
    system.groups.leave("red", actor);
    expect(system.registered()).toEqual(["chief"]);
    expect(system.groups.members("blue")).toHaveLength(1);
  });

  it("R12 names and groups refuse an actor that is stopping", async () => {
    const { clock, system, start } = world();
    const actor = start("slow", { termDelay: 100 });
    await clock.settle();
    const stopped = actor.stop();
    await clock.settle();
    const refused = expect.objectContaining({ code: "stopped" });
    expect(() => system.groups.join("red", actor)).toThrow(refused);
    expect(() => system.register("boss", actor)).toThrow(refused);
    await clock.advance(100);
    await stopped;
  });

  it("R13 names that cannot be a part of a path are refused", () => {
    const { system } = world();
    const actor = system.spawn(recorder().behavior);
    for (const name of ["", "a/b", "..", "A", "-a", "a b", "a".repeat(65), "#(id)"]) {
      const refused = expect.objectContaining({ code: "invalid-name" });
      expect(() => system.spawn(recorder().behavior, { name })).toThrow(refused);
      expect(() => system.register(name, actor)).toThrow(refused);
    }
  });

  it("R14 the registry never lists an actor that has ended", async () => {
    const { system } = world();
    const actors = Array.from({ length: 20 }, (_, index) => {
      const actor = system.spawn(recorder().behavior);
      system.register(`name-${index}`, actor);
      return actor;
    });
    for (const actor of actors) {
      const stopped = actor.stop();
      for (let step = 0; step < 10; step += 1) {
        for (const name of system.registered()) expect(system.whereis(name)).toBeDefined();
        await Promise.resolve();
      }
      await stopped;
    }
    expect(system.registered()).toEqual([]);
  });
});
