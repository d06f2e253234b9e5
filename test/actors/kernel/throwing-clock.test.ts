import { expect, it } from "vitest";
import { type Behavior, type Clock, createSystem, manualClock } from "../../../src/actors/index.ts";

it("a clock that throws takes down only the actor that asked it", async () => {
  const steady = manualClock();
  const broken: Clock = {
    now: () => steady.now(),
    wallNow: () => steady.wallNow(),
    sleep: (delayMs, options) => steady.sleep(delayMs, options),
    setTimer: () => {
      throw new Error("the clock is broken");
    },
  };
  const system = createSystem({ clock: broken });
  const timed: Behavior<string, number> = {
    init: () => 0,
    receive: (count, message, context) => {
      if (message === "wait") context.timers.after("tick", 10, "tick");
      return count + 1;
    },
  };
  const [asks, neighbour] = [system.spawn(timed), system.spawn(timed)];
  asks.send("wait");
  const reason = await asks.exited;
  neighbour.send("hello");
  await steady.settle();
  expect(reason).toMatchObject({ type: "error", message: "the clock is broken" });
  expect(system.getState(neighbour)).toBe(1);
  await neighbour.kill();
});
