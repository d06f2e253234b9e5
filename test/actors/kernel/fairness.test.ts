import { describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import type { Behavior, Ref, Reply } from "../../../src/actors/kernel/behavior.ts";
import { createSystem } from "../../../src/actors/kernel/system.ts";

/** How often a 5 ms timer fires in 200 ms; none at all means that the loop was starved. */
async function ticksDuring(load: (running: () => boolean) => Promise<unknown>): Promise<number> {
  let running = true;
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 5);
  const done = load(() => running);
  const end = systemClock.now() + 200;
  while (systemClock.now() < end) await systemClock.sleep(5);
  running = false;
  clearInterval(timer);
  await done;
  return ticks;
}

const echo: Behavior<{ readonly reply: Reply<number> }, number> = {
  init: () => 0,
  receive: (state, { reply }) => {
    reply.send(1);
    return state;
  },
};

describe("the loop's timers", () => {
  it("timers of the loop fire while actors send to each other without end", async () => {
    const system = createSystem();
    let handled = 0;
    const ticks = await ticksDuring(async (running) => {
      const refs: Ref<number>[] = [];
      const passing: Behavior<number, number> = {
        init: () => 0,
        receive: (state, turn) => {
          handled += 1;
          if (running()) refs[turn % refs.length]?.send(turn + 1);
          return state;
        },
      };
      for (let count = 0; count < 10; count += 1) refs.push(system.spawn(passing));
      for (let count = 0; count < 100; count += 1) refs[count % 10]?.send(count);
    });
    await system.stop();
    expect(ticks).toBeGreaterThan(1);
    expect(handled).toBeGreaterThan(1_000);
  });

  it("timers of the loop fire while promises call actors without end", async () => {
    const system = createSystem();
    const ref = system.spawn(echo);
    const ticks = await ticksDuring(async (running) => {
      const loop = async () => {
        while (running()) await ref.call<number>((reply) => ({ reply }));
      };
      await Promise.all([loop(), loop(), loop(), loop()]);
    });
    await system.stop();
    expect(ticks).toBeGreaterThan(1);
  });

  it("timers of the loop fire while one actor has a backlog that takes long, and others get their turns", async () => {
    const system = createSystem();
    let behind = 0;
    const seen: number[] = [];
    const busy = system.spawn<number, number>({
      init: () => 0,
      receive: (state) => {
        behind -= 1;
        return state;
      },
    });
    const light = system.spawn<number, number>({
      init: () => 0,
      receive: (state) => {
        seen.push(behind);
        return state;
      },
    });
    for (let count = 0; count < 300_000; count += 1) busy.send(count);
    behind = 300_000;
    light.send(1);
    await light.stop(undefined, { drain: true });
    expect(seen[0]).toBeGreaterThan(0);
    await busy.stop(undefined, { drain: true });
    expect(behind).toBe(0);
    await system.stop();
  });
});
