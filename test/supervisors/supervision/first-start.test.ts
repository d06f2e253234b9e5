import { describe, expect, it } from "vitest";
import { owned, statuses } from "./owned-supervision.ts";

describe("a behavior that is made after its attempt was closed", () => {
  it("a behavior that is made after its attempt was closed is not begun", async () => {
    const all = await owned();
    const { supervision, clock } = all;
    let begun = 0;
    const late = supervision.startChild({
      id: "late",
      startTimeoutMs: 50,
      start: async () => {
        await clock.sleep(200);
        return {
          init: () => {
            begun += 1;
            return 0;
          },
          receive: (state) => state,
        };
      },
    });
    const failed = late.catch((error: unknown) => error);
    await clock.advance(50);
    expect(await failed).toMatchObject({ code: "start-failed" });
    await clock.advance(200);
    expect(begun).toBe(0);
  });
});

describe("a first start", () => {
  const backoff = { initialMs: 100, maxMs: 100, jitter: 0 };

  it("a first start is tried as often as its startAttempts say, with waits between", async () => {
    const all = await owned();
    const { W, supervision, clock, take } = all;
    const starting = supervision.startChild(W("vm", { initFail: 2, startAttempts: 3, backoff }));
    await clock.advance(199);
    expect(statuses(supervision)).toBe("vm starting");
    await clock.advance(1);
    expect(await starting).toMatchObject({ id: "vm", ref: { epoch: 3 } });
    expect(take()).toEqual(["start vm#3"]);
    expect(all.events.map(({ type }) => type)).toEqual([
      "start-error",
      "start-error",
      "child-started",
    ]);
    expect(supervision.child("vm")).toMatchObject({ restarts: 0 });
  });

  it("a first start fails with the last failure when no attempt is left", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    const starting = supervision
      .startAll([W("vm", { initFail: 2, startAttempts: 2, backoff })])
      .catch((error: unknown) => error);
    await clock.advance(100);
    expect(await starting).toMatchObject({ code: "start-failed", child: "vm" });
  });

  it("a first start can be called off while it waits for its next attempt", async () => {
    const all = await owned();
    const { W, supervision, clock } = all;
    const starting = supervision
      .startChild(W("vm", { initFail: 9, startAttempts: 9, backoff }))
      .catch((error: unknown) => error);
    await clock.advance(50);
    await supervision.terminateChild("vm");
    expect(await starting).toMatchObject({ code: "start-failed" });
    expect([clock.pending, statuses(supervision)]).toEqual([0, "vm stopped by api"]);
  });
});
