import { describe, expect, it } from "vitest";
import type { SupervisionEvent } from "../../../src/supervisors/supervision/child.ts";
import type { SupervisionFlags } from "../../../src/supervisors/supervision/supervisor-flags.ts";
import { begun, owned, statuses, tell } from "./owned-supervision.ts";

const restartings = (events: readonly SupervisionEvent[]) =>
  events.flatMap((event) => (event.type === "restarting" ? [event.id] : []));

/** Three children, the last of which takes 100 ms to stop. */
async function three(flags: SupervisionFlags) {
  const all = await owned(flags);
  const { W } = all;
  await begun(all, all.supervision, [
    W("a"),
    W("t", { restart: "transient" }),
    W("z", { termDelay: 100 }),
  ]);
  return all;
}

type World = Awaited<ReturnType<typeof three>>;

/** Send messages in one turn, and let everything run that needs at most 100 ms. */
async function atOnce(all: World, messages: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [id, message] of Object.entries(messages)) {
    all.system.whereis(`/owner/${id}`)?.send(message);
  }
  await all.clock.advance(100);
}

describe("siblings that fail in the same moment", () => {
  for (const strategy of ["one-for-all", "rest-for-one"] as const) {
    it(`siblings that fail in the same moment are one restart under ${strategy}`, async () => {
      const all = await three({ strategy, intensity: { maxRestarts: 1 } });
      await atOnce(all, { a: "boom", t: "boom" });
      expect(restartings(all.events)).toEqual(["a"]);
      expect(all.ends).toEqual([]);
      expect(statuses(all.supervision)).toBe("a running, t running, z running");
    });

    it(`siblings that fail in the same moment are one restart under ${strategy} while a slow one is still being stopped`, async () => {
      const all = await three({ strategy, intensity: { maxRestarts: 1 } });
      await tell(all, "a", "boom");
      await all.clock.advance(50);
      await tell(all, "t", "boom");
      await all.clock.advance(50);
      expect(restartings(all.events)).toEqual(["a"]);
      expect(statuses(all.supervision)).toBe("a running, t running, z running");
    });
  }

  it("siblings that fail in the same moment start in their order when the later one failed first", async () => {
    const all = await owned({ strategy: "rest-for-one" });
    const { W, supervision, take } = all;
    const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };
    await begun(all, supervision, [W("first", { backoff })]);
    await tell(all, "first", "boom");
    await begun(all, supervision, [W("second", { backoff }), W("third", { backoff })]);
    await tell(all, "third", "boom");
    await tell(all, "second", "boom");
    take();
    await all.clock.advance(100);
    expect(take().filter((line) => line.startsWith("start "))).toEqual([
      "start first#2",
      "start second#2",
      "start third#2",
    ]);
  });

  it("siblings that fail in the same moment give up together when another attempt of one of them would not help", async () => {
    const all = await owned({ strategy: "one-for-all" });
    const { W, supervision, clock, ends } = all;
    await begun(all, supervision, [
      W("a"),
      W("key", { restartIf: () => false }),
      W("z", { termDelay: 100 }),
    ]);
    await tell(all, "a", "boom");
    await tell(all, "key", "boom");
    await clock.advance(100);
    expect(ends).toMatchObject([{ cause: "not-retryable", detail: { child: "key" } }]);
  });
});

describe("a child that finishes well while its group is being stopped", () => {
  for (const strategy of ["one-for-all", "rest-for-one"] as const) {
    it(`a child that finishes well while its group is being stopped is not run again under ${strategy}`, async () => {
      const all = await three({ strategy });
      await tell(all, "a", "boom");
      await all.clock.advance(50);
      await tell(all, "t", { done: 1 });
      await all.clock.advance(50);
      expect(statuses(all.supervision)).toBe("a running, t stopped by self, z running");
    });
  }

  it("a child that finishes well while its group is being stopped is not run again when it depends on the one that failed", async () => {
    const all = await owned();
    const { W, supervision } = all;
    await begun(all, supervision, [
      W("vm"),
      W("done", { dependsOn: "vm", restart: "transient" }),
      W("slow", { dependsOn: "vm", termDelay: 100 }),
    ]);
    await tell(all, "vm", "boom");
    await tell(all, "done", { done: 1 });
    await all.clock.advance(100);
    expect(statuses(supervision)).toBe("vm running, done stopped by self, slow running");
  });

  it("a child that finishes well while its group is being stopped is run again when finished children are to be revived", async () => {
    const all = await three({ strategy: "one-for-all", reviveFinished: true });
    await tell(all, "a", "boom");
    await tell(all, "t", { done: 1 });
    await all.clock.advance(100);
    expect(statuses(all.supervision)).toBe("a running, t running, z running");
  });

  it("a child that finishes well while its group is being stopped is run again when it was to be revived and finished in the moment of the crash", async () => {
    for (const slowest of ["t", "z"]) {
      const all = await owned({ strategy: "one-for-all", reviveFinished: true });
      const { W, supervision } = all;
      const termDelay = slowest === "t" ? 100 : undefined;
      const first = [W("a"), W("t", { restart: "transient", termDelay })];
      await begun(all, supervision, slowest === "t" ? first : [...first, W("z")]);
      await atOnce(all, { a: "boom", t: { done: 1 } });
      expect(supervision.child("t")).toMatchObject({ status: "running", epoch: 2 });
    }
  });

  it("a child that finishes well while its group is being stopped comes back when it was restarted by hand", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    await begun(all, supervision, [
      W("vm", { restart: "transient" }),
      W("slow", { dependsOn: "vm", termDelay: 100 }),
    ]);
    const restarting = supervision.restartChild("vm", { force: true });
    await tell(all, "vm", { done: 1 });
    await clock.advance(100);
    await restarting;
    expect(statuses(supervision)).toBe("vm running, slow running");
  });
});

describe("the number of restarts of a child", () => {
  it("the number of restarts of a child counts those for an end of its own, not those by hand or with its group", async () => {
    const all = await three({ strategy: "one-for-all" });
    const { supervision, events } = all;
    await atOnce(all, { a: "boom" });
    const restarting = supervision.restartChild("a", { force: true });
    await all.clock.advance(100);
    await restarting;
    expect(supervision.children().map(({ id, restarts }) => [id, restarts])).toEqual([
      ["a", 1],
      ["t", 0],
      ["z", 0],
    ]);
    expect(events.flatMap((event) => (event.type === "restarted" ? [event.id] : []))).toEqual([
      "a",
    ]);
  });
});

describe("a sibling that is stopped with its group", () => {
  it("a sibling that is stopped with its group says with whom, and by which rule", async () => {
    const all = await three({ strategy: "rest-for-one" });
    await atOnce(all, { a: "boom" });
    expect(all.supervision.child("z")?.lastExit?.reason).toEqual({
      type: "shutdown",
      cause: "parent",
      detail: { with: "a", by: "rest-for-one" },
    });
  });
});

describe("a significant temporary child that ends while its group is being stopped", () => {
  const flags = { strategy: "one-for-all", autoShutdown: "any-significant" } as const;

  it("a significant temporary child that ends while its group is being stopped goes with its group, which is not the end of the supervisor", async () => {
    const all = await owned(flags);
    const { W, supervision, ends } = all;
    await begun(all, supervision, [
      W("once", { restart: "temporary", significant: true }),
      W("a"),
      W("z", { termDelay: 100 }),
    ]);
    await atOnce(all, { a: "boom", once: { done: 1 } });
    expect(ends).toEqual([]);
    expect(statuses(supervision)).toBe("a running, z running");
  });

  it("a significant temporary child that ends while its group is being stopped is not left behind by an earlier one which finishes meanwhile", async () => {
    const all = await owned({ strategy: "rest-for-one", autoShutdown: "all-significant" });
    const { W, supervision, ends } = all;
    await begun(all, supervision, [
      W("t", { restart: "transient", significant: true }),
      W("a"),
      W("once", { restart: "temporary", significant: true, termDelay: 100 }),
    ]);
    await atOnce(all, { a: "boom", t: { done: 1 } });
    expect(ends).toMatchObject([{ cause: "auto-shutdown" }]);
  });

  it("a significant child that has finished, and that its group is to start again, keeps the supervisor", async () => {
    const flags = { strategy: "rest-for-one", autoShutdown: "all-significant" } as const;
    const all = await owned({ ...flags, reviveFinished: true });
    const { W, supervision, ends } = all;
    await begun(all, supervision, [
      W("once", { restart: "temporary", significant: true }),
      W("a"),
      W("t", { restart: "transient", significant: true }),
      W("z", { termDelay: 100 }),
    ]);
    await tell(all, "t", { done: 1 });
    await atOnce(all, { a: "boom", once: { done: 1 } });
    expect(ends).toEqual([]);
    expect(statuses(supervision)).toBe("a running, t running, z running");
  });
});
