import { describe, expect, it } from "vitest";
import { isClean } from "../../src/actors/kernel/exit-reason.ts";
import { family, refusal, supervisorSpec } from "./family.ts";

const hourMs = 3_600_000;
const hourly = { initialMs: hourMs, maxMs: 2 * hourMs, jitter: 0 };

describe("intensity", () => {
  it("S27 a supervisor gives up at one restart too many, and stops the siblings", async () => {
    const { supervisor, tell, take, clock } = await family(
      { intensity: { maxRestarts: 2, withinMs: hourMs } },
      (worker) => [worker("a"), worker("b")],
    );
    await tell("a", "boom");
    await tell("a", "boom");
    take();
    await tell("a", "boom");
    expect(await supervisor.exited).toMatchObject({
      type: "shutdown",
      cause: "intensity",
      detail: { child: "a", lastReason: { message: "boom" } },
    });
    expect(take().slice(1)).toEqual(["term a#3 error", "term b#1 shutdown"]);
    await clock.settle();
  });

  it("S28 at intensity 0 the first restart is one too many", async () => {
    const { supervisor, tell } = await family({ intensity: { maxRestarts: 0 } }, (worker) => [
      worker("a"),
    ]);
    await tell("a", { done: 1 });
    expect(await supervisor.exited).toMatchObject({ type: "shutdown", cause: "intensity" });
  });

  it("S29 a supervisor forgets restarts that are older than the window", async () => {
    const { tell, clock, statuses } = await family(
      { intensity: { maxRestarts: 1, withinMs: 1_000 } },
      (worker) => [worker("a")],
    );
    await tell("a", "boom");
    await clock.advance(1_500);
    await tell("a", "boom");
    await clock.advance(1_500);
    await tell("a", "boom");
    expect(await statuses()).toBe("a running");
  });

  it("S30 a supervisor counts the restart of a group once", async () => {
    const { tell, statuses } = await family(
      { strategy: "one-for-all", intensity: { maxRestarts: 1 } },
      (worker) => [..."abcde"].map((id) => worker(id)),
    );
    await tell("a", "boom");
    expect(await statuses()).toBe("a running, b running, c running, d running, e running");
  });

  it("S31 a supervisor counts two that die at the same moment as two", async () => {
    const { supervisor, child, clock } = await family(
      { intensity: { maxRestarts: 1 } },
      (worker) => [worker("a"), worker("b")],
    );
    child("a").send("boom");
    child("b").send("boom");
    await clock.settle();
    expect(await supervisor.exited).toMatchObject({ cause: "intensity", detail: { child: "b" } });
  });

  it("S32 a supervisor tries as often as the intensity allows when each restart fails", async () => {
    const { supervisor, tell, system } = await family(
      { intensity: { maxRestarts: 3 } },
      (worker) => [worker("a", { initFail: 99, initFailFrom: 2 })],
    );
    await tell("a", "boom");
    expect(await supervisor.exited).toMatchObject({ cause: "intensity" });
    const errors = system.events(supervisor.path).recent();
    expect(errors.filter(({ type }) => type === "start-error")).toHaveLength(3);
  });

  it("S33 a supervisor gets there when a restart works in the end", async () => {
    const { tell, info, events } = await family({ intensity: { maxRestarts: 5 } }, (worker) => [
      worker("a", { initFail: 2, initFailFrom: 2 }),
    ]);
    await tell("a", "boom");
    const { status, epoch } = (await info("a")) ?? {};
    expect(status).toBe("running");
    expect(epoch).toBeGreaterThanOrEqual(2);
    expect(events()).toEqual([
      "child-terminated",
      "restarting",
      "start-error",
      "restarting",
      "start-error",
      "restarting",
      "restarted",
    ]);
  });

  it("S40 a termination counts nothing and restarts nothing", async () => {
    const { supervisor, info, tell } = await family({ intensity: { maxRestarts: 1 } }, (worker) => [
      worker("a", { restart: "transient" }),
      worker("b"),
    ]);
    await supervisor.terminateChild("a");
    expect(await info("a")).toMatchObject({ status: "stopped", by: "api", restarts: 0 });
    await tell("b", "boom");
    expect(await info("b")).toMatchObject({ status: "running" });
  });

  it("S55 a supervisor asks the others to stop when it gives up", async () => {
    const { supervisor, tell, take } = await family({ intensity: { maxRestarts: 0 } }, (worker) => [
      worker("a"),
      worker("b"),
      worker("c"),
    ]);
    await tell("b", "boom");
    await supervisor.exited;
    expect(take().slice(1)).toEqual(["term b#1 error", "term c#1 shutdown", "term a#1 shutdown"]);
  });

  it("S61 a supervisor backs off, and gives up after so many failures in a row", async () => {
    const { supervisor, system, tell, clock } = await family(
      { intensity: { maxRestarts: 100, maxConsecutive: 6 } },
      (worker) => [
        worker("a", {
          initFail: 99,
          initFailFrom: 2,
          backoff: { initialMs: 10, maxMs: 80, jitter: 0 },
        }),
      ],
    );
    await tell("a", "boom");
    await clock.advance(10_000);
    expect(await supervisor.exited).toMatchObject({ cause: "intensity" });
    const delays = system
      .events(supervisor.path)
      .recent()
      .filter(({ type }) => type === "restarting")
      .map(({ data }) => (data as { readonly delayMs: number }).delayMs);
    expect(delays).toEqual([10, 20, 40, 80, 80, 80]);
  });
});

describe("what must not be retried", () => {
  it("S59 a supervisor gives up at once over an error that is not retryable", async () => {
    const hopeless = Object.assign(new Error("no such key"), { retryable: false });
    const { supervisor, tell, events } = await family({}, () => [
      { id: "a", start: () => ({ init: () => 0, receive: () => Promise.reject(hopeless) }) },
    ]);
    await tell("a", "go");
    const reason = await supervisor.exited;
    expect(reason).toMatchObject({ type: "shutdown", cause: "not-retryable" });
    expect(isClean(reason)).toBe(false);
    expect(events().slice(0, 3)).toEqual(["child-terminated", "not-retryable", "gave-up"]);
  });

  it.each([
    ["goes on giving up above, over what no restart mends", false, undefined, false],
    ["restarts above, over what only a rule below refused", true, () => false, true],
  ])("S59 a supervisor %s", async (_title, retryable, restartIf, goesOn) => {
    const broken = Object.assign(new Error("broken"), { retryable });
    const start = () => ({ init: () => 0, receive: () => Promise.reject(broken) });
    const { supervisor, tell, statuses } = await family({}, () => [
      supervisorSpec("inner", {}, [{ id: "a", start, restartIf }]),
    ]);
    await tell("inner/a", "go");
    if (goesOn) expect(await statuses()).toBe("inner running");
    else expect(await supervisor.exited).toMatchObject({ cause: "not-retryable" });
  });

  it.each([
    ["nothing of it", () => false, "not-retryable"],
    ["of it", () => true, undefined],
  ])("S60 a supervisor asks restartIf, which thinks %s", async (_title, restartIf, cause) => {
    const { supervisor, tell, statuses } = await family({}, (worker) => [
      worker("a", { restartIf }),
    ]);
    await tell("a", "boom");
    if (cause === undefined) expect(await statuses()).toBe("a running");
    else expect(await supervisor.exited).toMatchObject({ cause });
  });
});

describe("a child that waits for its restart", () => {
  it("S34 a child in restarting is present and not active", async () => {
    const { supervisor, tell, statuses, worker } = await family({}, (worker) => [
      worker("a", { initFail: 99, initFailFrom: 2, backoff: hourly }),
    ]);
    await tell("a", "boom");
    expect(await statuses()).toBe("a restarting");
    expect(await refusal(supervisor.startChild(worker("a")))).toMatchObject({
      code: "already-present",
    });
    expect(await refusal(supervisor.restartChild("a"))).toMatchObject({ code: "restarting" });
    expect(await refusal(supervisor.deleteChild("a"))).toMatchObject({ code: "restarting" });
    expect(await supervisor.counts()).toMatchObject({ specs: 1, active: 0 });
  });

  it("S35 a child in restarting holds up those after it, rest for one", async () => {
    const { tell, statuses, clock } = await family({ strategy: "rest-for-one" }, (worker) => [
      worker("a"),
      worker("b", { initFail: 99, initFailFrom: 2, backoff: hourly }),
      worker("c"),
    ]);
    await tell("b", "boom");
    expect(await statuses()).toBe("a running, b restarting, c stopped");
    await clock.advance(hourMs);
    expect(await statuses()).toBe("a running, b restarting, c stopped");
  });

  it("S64 a supervisor does not hold up the restart of a sibling, one for one", async () => {
    let starts = 0;
    const { tell, statuses, info } = await family({}, (worker) => [
      {
        id: "a",
        startTimeoutMs: 2 * hourMs,
        start: async ({ clock, signal }) => {
          starts += 1;
          if (starts > 1) await clock.sleep(hourMs, { signal });
          return { init: () => 0, receive: () => Promise.reject(new Error("boom")) };
        },
      },
      worker("b"),
    ]);
    await tell("a", "boom");
    expect(await statuses()).toBe("a starting, b running");
    await tell("b", "boom");
    expect(await statuses()).toBe("a starting, b running");
    expect(await info("b")).toMatchObject({ epoch: 2 });
  });
});
