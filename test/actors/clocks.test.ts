import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/actors/clock.ts";
import { Deadlines, type Expiring } from "../../src/actors/kernel/deadlines.ts";
import { manualClock } from "../../src/actors/manual-clock.ts";

describe("a manual clock", () => {
  it("a manual clock fires timers in the order of their time, and of their making where that is the same", async () => {
    const clock = manualClock();
    const fired: string[] = [];
    for (const [name, delayMs] of [
      ["c", 30],
      ["a", 10],
      ["b1", 20],
      ["b2", 20],
    ] as const) {
      clock.setTimer(delayMs, () => fired.push(`${name}@${clock.now()}`));
    }
    await clock.advance(25);
    expect(fired).toEqual(["a@10", "b1@20", "b2@20"]);
    expect([clock.now(), clock.pending]).toEqual([25, 1]);
  });

  it("a manual clock fires a timer that a timer set, when it falls due in the same move", async () => {
    const clock = manualClock();
    const fired: number[] = [];
    const again = () => {
      fired.push(clock.now());
      clock.setTimer(10, again);
    };
    clock.setTimer(10, again);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it("a manual clock makes moves that overlap one after another", async () => {
    const clock = manualClock();
    await Promise.all([clock.advance(10), clock.advance(20)]);
    expect(clock.now()).toBe(30);
    expect(clock.wallNow() - manualClock().wallNow()).toBe(30);
  });

  it("a manual clock wakes a sleeper at its time or at an abort, and never fires a cancelled timer", async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const woken: string[] = [];
    void clock.sleep(10).then(() => woken.push("slept"));
    const aborted = clock.sleep(1_000, { signal: controller.signal });
    const timer = clock.setTimer(5, () => woken.push("never"));
    timer.cancel();
    timer.cancel();
    await clock.advance(10);
    expect(woken).toEqual(["slept"]);
    controller.abort("enough");
    await expect(aborted).rejects.toBe("enough");
    expect(clock.pending).toBe(0);
    await expect(clock.sleep(1, { signal: controller.signal })).rejects.toBe("enough");
  });
});

describe("the system's clock", () => {
  it("the system's clock moves on by itself and forgets a cancelled timer", async () => {
    const from = systemClock.now();
    let fired = false;
    systemClock
      .setTimer(1, () => {
        fired = true;
      })
      .cancel();
    await systemClock.sleep(5);
    expect(systemClock.now()).toBeGreaterThan(from);
    expect(fired).toBe(false);
  });
});

class Entry implements Expiring {
  dueAt = 0;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  lane: Expiring["lane"] = undefined;
  readonly #expired: () => void;

  constructor(expired: () => void) {
    this.#expired = expired;
  }

  expire(): void {
    this.#expired();
  }
}

describe("shared deadlines", () => {
  it("shared deadlines expire each at its time, whatever was removed, on one timer for each duration", async () => {
    const clock = manualClock();
    const deadlines = new Deadlines(clock);
    const expired: string[] = [];
    const entry = (name: string) => new Entry(() => expired.push(`${name}@${clock.now()}`));
    const [first, middle, last, short] = [
      entry("first"),
      entry("middle"),
      entry("last"),
      entry("short"),
    ];
    deadlines.add(first, 100);
    await clock.advance(10);
    deadlines.add(middle, 100);
    deadlines.add(short, 20);
    await clock.advance(10);
    deadlines.add(last, 100);
    expect(clock.pending).toBe(2);
    deadlines.remove(middle);
    deadlines.remove(middle);
    await clock.advance(200);
    expect(expired).toEqual(["short@30", "first@100", "last@120"]);
    expect(clock.pending).toBe(0);
  });

  it("shared deadlines leave no timer behind once all were removed", async () => {
    const clock = manualClock();
    const deadlines = new Deadlines(clock);
    for (let round = 0; round < 3; round += 1) {
      const entry = new Entry(() => undefined);
      deadlines.add(entry, 100);
      deadlines.remove(entry);
    }
    await clock.settle();
    expect(clock.pending).toBe(0);
  });
});
