import { createEventLog, type EventLog, type LogEvent, manualClock } from "ramure/actors";
import { startSupervisor } from "ramure/supervisors";
import { describe, expect, it } from "vitest";
import { bubble } from "../../src/supervisors/supervision/bubble.ts";
import { typesOf } from "../setup/collect.ts";
import { world } from "./world.ts";

function logAt(path: string, max?: number): EventLog {
  return createEventLog({ clock: manualClock(), path, max });
}

const named = (event: LogEvent) =>
  event.source === undefined ? event.type : `${event.source}:${event.type}`;

describe("events and bubbling", () => {
  it("E01 a log shows its first event to a reader that comes a turn later", async () => {
    const { system, settle, start } = world();
    start("w").send({ emit: ["hello", 1] });
    await settle();
    for await (const event of system.events("/w")) {
      expect(event).toMatchObject({ seq: 1, type: "hello", data: 1, path: "/w", epoch: 1 });
      break;
    }
  });

  it("E02 a log numbers its events from 1 without gaps", async () => {
    const { system, settle, start } = world();
    const one = start("one");
    const two = start("two");
    for (let count = 0; count < 10; count += 1) {
      one.send({ emit: ["tick", count] });
      two.send({ emit: ["tick", count] });
    }
    await settle();
    const expected = Array.from({ length: 10 }, (_, index) => index + 1);
    for (const path of ["/one", "/two"]) {
      expect(
        system
          .events(path)
          .recent()
          .map((event) => event.seq),
      ).toEqual(expected);
    }
  });

  it("E03 a log gives two consumers every event each", async () => {
    const { system, start } = world();
    const actor = start("w");
    const both = [typesOf(system.events("/w")), typesOf(system.events("/w"))];
    actor.send({ emit: ["hello", 1] });
    actor.send({ done: 1 });
    expect(await Promise.all(both)).toEqual([
      ["hello", "done"],
      ["hello", "done"],
    ]);
  });

  it("E04 a consumer may break out of a log without the emitter noticing", async () => {
    const { system, settle, start } = world();
    const actor = start("w");
    const reading = (async () => {
      for await (const event of system.events("/w")) return event.type;
      return "none";
    })();
    actor.send({ emit: ["one", 1] });
    expect(await reading).toBe("one");
    expect(actor.send({ emit: ["two", 2] })).toBe(true);
    await settle();
    expect(system.events("/w").last).toBe(2);
  });

  it("E05 a log puts done last, ends the iteration, and keeps later emits out", async () => {
    const { system } = world();
    let emitLate = () => {};
    const actor = system.spawn(
      {
        init: (context) => {
          emitLate = () => context.emit("late");
          context.emit("early");
          context.exit({ type: "normal", value: 7 });
          return 0;
        },
        receive: (state) => state,
      },
      { name: "w" },
    );
    await actor.exited;
    expect(() => emitLate()).toThrow(expect.objectContaining({ code: "stopped" }));
    expect(await typesOf(system.events("/w"))).toEqual(["early", "done"]);
    expect(system.events("/w").recent(1)[0]?.data).toEqual({ result: 7 });
  });

  it("E06 a log says failed for a throw and cancelled for a stop, each once", async () => {
    const { system, start } = world();
    const thrower = start("thrower");
    thrower.send("boom");
    await thrower.exited;
    const stopped = start("stopped");
    await stopped.stop();
    const failed = system.events("/thrower").recent();
    expect(failed).toMatchObject([{ type: "failed", data: { message: "boom", class: "throw" } }]);
    expect(await typesOf(system.events("/stopped"))).toEqual(["cancelled"]);
  });

  it("E07 the first of done and fail wins", async () => {
    const { system } = world();
    const actor = system.spawn(
      {
        init: (context) => {
          context.exit({ type: "normal", value: "first" });
          context.exit({ type: "error", class: "fail", message: "second", retryable: true });
          return 0;
        },
        receive: (state) => state,
      },
      { name: "w" },
    );
    expect(await actor.exited).toEqual({ type: "normal", value: "first" });
    expect(await typesOf(system.events("/w"))).toEqual(["done"]);
  });

  it("E08 a bubbled event has its source in front, and the end of a child does not end the log of its parent", async () => {
    const root = logAt("/main");
    const pool = logAt("/main/pool");
    const task = logAt("/main/pool/t0001");
    bubble(task, pool, "t0001");
    bubble(pool, root, "pool");
    task.append("step", 1);
    task.append("done", { result: 1 });
    root.append("own");
    root.append("done");
    expect(root.recent().map(named)).toEqual(["pool/t0001:step", "pool/t0001:done", "own", "done"]);
    expect(pool.recent().map(named)).toEqual(["t0001:step", "t0001:done"]);
    expect(await typesOf(root)).toEqual(["step", "done", "own", "done"]);
  });

  it("E09 a bubble forwards what the child emitted before, in order", () => {
    const child = logAt("/p/c");
    const parent = logAt("/p");
    child.append("one");
    child.append("two");
    bubble(child, parent, "c");
    child.append("three");
    expect(parent.recent().map(named)).toEqual(["c:one", "c:two", "c:three"]);
  });

  it("E10 the same bubble twice is one, and a circle is refused", () => {
    const child = logAt("/p/c");
    const parent = logAt("/p");
    bubble(child, parent, "c");
    const stop = bubble(child, parent, "c");
    child.append("one");
    expect(parent.recent().map(named)).toEqual(["c:one"]);
    expect(() => bubble(parent, child, "p")).toThrow(
      expect.objectContaining({ code: "bubble-cycle" }),
    );
    stop();
    child.append("two");
    expect(parent.last).toBe(1);
  });

  it("E12 a log tells a slow consumer what it missed and never holds up the emitter", async () => {
    const log = logAt("/w", 100);
    const cursor = log[Symbol.asyncIterator]();
    log.append("tick", 0);
    await cursor.next();
    for (let count = 1; count < 1_000; count += 1) log.append("tick", count);
    const gap = await cursor.next();
    expect(gap.value).toMatchObject({ type: "gap", data: { from: 2, to: 900 } });
    expect((await cursor.next()).value).toMatchObject({ seq: 901 });
  });

  it("E13 an event stays as it was, whatever its emitter does to the object", async () => {
    const { system, settle } = world();
    const data = { list: [1] };
    system.spawn(
      {
        init: (context) => {
          context.emit("made", data);
          data.list.push(2);
          return 0;
        },
        receive: (state) => state,
      },
      { name: "w" },
    );
    await settle();
    expect(system.events("/w").recent()[0]?.data).toEqual({ list: [1] });
  });

  it("E14 a log marks data that cannot be kept and goes on", async () => {
    const { system, settle, start } = world();
    const actor = start("w");
    const data = { run: () => 1 } as unknown;
    actor.send({ emit: ["odd", data] });
    actor.send({ emit: ["fine", 1] });
    await settle();
    expect(
      system
        .events("/w")
        .recent()
        .map((event) => event.data),
    ).toEqual([{ run: { unserialisable: "function" } }, 1]);
  });

  it("E11 a supervised restart stands in the log of the supervisor, with epochs", async () => {
    const { system, worker, settle } = world();
    const sup = await startSupervisor(system, { name: "sup" }, [
      worker("a", { restart: "permanent" }),
    ]);
    system.address("/sup/a").send("boom");
    await settle();
    const events = system.events("/sup").recent();
    const types = events.map((event) => event.type);
    expect(types).toEqual(expect.arrayContaining(["child-terminated", "restarting", "restarted"]));
    expect(types.indexOf("child-terminated")).toBeLessThan(types.indexOf("restarting"));
    expect(types.indexOf("restarting")).toBeLessThan(types.indexOf("restarted"));
    expect(events.find((event) => event.type === "restarted")?.data).toMatchObject({
      id: "a",
      epoch: 2,
    });
    await sup.stop();
  });

  it("E15 a child's terminal event stands in the parent's log before the parent's own", async () => {
    const { system, worker, settle, start } = world();
    const parent = start("parent");
    await parent.started;
    parent.send({ spawn: worker("child") });
    await settle();
    bubble(system.events("/parent/child"), system.events("/parent"), "child");
    await parent.stop();
    expect(system.events("/parent").recent().map(named)).toEqual(["child:cancelled", "cancelled"]);
  });
});
