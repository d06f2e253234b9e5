import { describe, expect, it } from "vitest";
import {
  type Behavior,
  createSystem,
  manualClock,
  type System,
} from "../../../src/actors/index.ts";

const crashing: Behavior<string, null> = {
  init: () => null,
  receive: (state, message, context) => {
    if (message === "boom") throw new Error("boom");
    context.emit("heard", message);
    return state;
  },
};

/** A parent that starts the next incarnation of its child whenever one has ended. */
const restarting: Behavior<"start", () => void> = {
  init: (context) => {
    const slot = context.slot<string>({ name: "child" });
    const start = () => void slot.start(crashing, { onExit: () => "start" });
    start();
    return start;
  },
  receive: (start) => {
    start();
    return start;
  },
};

async function restarted(
  times: number,
): Promise<{ readonly system: System; tell(message: string): Promise<void> }> {
  const clock = manualClock();
  const system = createSystem({ clock });
  system.spawn(restarting, { name: "parent" });
  const tell = async (message: string) => {
    system.address<string>("/parent/child").send(message);
    await clock.advance(10);
  };
  await clock.settle();
  for (let time = 0; time < times; time += 1) await tell("boom");
  return { system, tell };
}

const shown = (system: System) =>
  system
    .events("/parent/child")
    .recent()
    .map(({ type, epoch }) => `${type}#${epoch}`);

describe("the log of an actor", () => {
  it("an actor's log that is first read after a restart has the ends before it", async () => {
    const { system, tell } = await restarted(2);
    expect(shown(system)).toEqual(["failed#1", "failed#2"]);
    await tell("hello");
    expect(shown(system)).toEqual(["failed#1", "failed#2", "heard#3"]);
    const [first, second] = system.events("/parent/child").recent();
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(10);
  });

  it("an actor's log that the restarted actor writes to first has the ends before it", async () => {
    const { system, tell } = await restarted(1);
    await tell("hello");
    expect(shown(system)).toEqual(["failed#1", "heard#2"]);
    expect(system.events("/parent/child").ended).toBe(false);
    await system.stop();
    expect(shown(system)).toEqual(["failed#1", "heard#2", "cancelled#2"]);
  });

  it("an actor's log remembers at least the newest hundred ends that nobody has read", async () => {
    const { system } = await restarted(230);
    const ends = shown(system);
    expect(ends.at(-1)).toBe("failed#230");
    expect(ends.length).toBeGreaterThanOrEqual(100);
    expect(ends.length).toBeLessThanOrEqual(201);
  });

  it("an actor's log does not begin with the end of another actor of the same name", async () => {
    const system = createSystem({ clock: manualClock() });
    await system.spawn(crashing, { name: "one" }).stop();
    system.spawn(crashing, { name: "one" });
    expect(system.events("/one").recent()).toEqual([]);
  });
});
