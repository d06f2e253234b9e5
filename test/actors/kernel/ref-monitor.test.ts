import { expect, it } from "vitest";
import { createSystem, type Exit, manualClock } from "../../../src/actors/index.ts";

it("a monitor of a ref tells once how the actor behind a ref ended, and noproc when it has ended already", async () => {
  const clock = manualClock();
  const system = createSystem({ clock });
  const ref = system.spawn({ init: () => 0, receive: (count: number) => count });
  const exits: Exit[] = [];
  ref.monitor((exit) => exits.push(exit));
  const cancelled = ref.monitor(() => exits.push({ ...exits[0], path: "never" } as Exit));
  cancelled.cancel();
  await ref.stop({ type: "normal", value: 7 });
  const before = exits.length;
  ref.monitor((exit) => exits.push(exit));
  expect(exits).toHaveLength(before);
  await clock.settle();
  expect(exits.map(({ reason }) => reason)).toEqual([
    { type: "normal", value: 7 },
    { type: "noproc" },
  ]);
  await system.stop();
});
