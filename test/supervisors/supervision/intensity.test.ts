import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RestartWindow } from "../../../src/supervisors/supervision/intensity.ts";

function verdicts(maxRestarts: number, withinMs: number, moments: readonly number[]): boolean[] {
  const window = new RestartWindow({ maxRestarts, withinMs, maxConsecutive: 8 });
  return moments.map((moment) => window.allows(moment, "a"));
}

describe("RestartWindow", () => {
  it.each<[string, number, number, readonly number[], readonly boolean[]]>([
    ["refuses the first restart at intensity 0", 0, 1_000, [0], [false]],
    ["allows as many as the intensity at once", 3, 5_000, [7, 7, 7, 7], [true, true, true, false]],
    ["takes the edge of the window as inside", 1, 1_000, [0, 1_000], [true, false]],
    ["forgets what is older than the window", 1, 1_000, [0, 1_001, 2_002], [true, true, true]],
    ["slides", 2, 100, [0, 60, 120, 180], [true, true, true, true]],
    ["slides, and refuses what clusters", 2, 100, [0, 60, 99], [true, true, false]],
  ])("%s", (_title, maxRestarts, withinMs, moments, expected) => {
    expect(verdicts(maxRestarts, withinMs, moments)).toEqual(expected);
  });

  it("RestartWindow decides as a plain list of all moments would", () => {
    const gaps = fc.array(fc.nat({ max: 50 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.nat({ max: 6 }),
        fc.integer({ min: 1, max: 120 }),
        gaps,
        (max, within, steps) => {
          let now = 0;
          const moments = steps.map((step) => {
            now += step;
            return now;
          });
          const expected = moments.map((moment, index) => {
            const recent = moments.slice(0, index + 1).filter((other) => other >= moment - within);
            return recent.length <= max;
          });
          expect(verdicts(max, within, moments)).toEqual(expected);
        },
      ),
    );
  });

  it("RestartWindow tells how many restarts it holds", () => {
    const window = new RestartWindow({ maxRestarts: 3, withinMs: 100, maxConsecutive: 8 });
    for (const moment of [0, 50, 90]) window.allows(moment, "a");
    expect([window.count(100), window.count(150), window.count(191)]).toEqual([3, 2, 0]);
  });
});
