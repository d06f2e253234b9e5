import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulationOf } from "../../scripts/simulate.ts";
import { storiesOf } from "../supervisors/supervision/stories.ts";

describe("npm run simulate", () => {
  it("npm run simulate takes a seed as fast-check prints it, a negative one too", () => {
    const words = ["--seeds", "2", "--only", "storm", "--seed", "-5", "--path", "1:0"];
    const all = { seeds: 2, seed: -5, suites: ["storm"], path: "1:0" };
    expect(simulationOf(words)).toEqual(all);
    expect(simulationOf(["--seed=-5", "--seeds=2"])).toMatchObject({ seed: -5, seeds: 2 });
    expect(simulationOf(["--seed", "7"])).toMatchObject({ seed: 7 });
  });

  it("npm run simulate draws a seed when none is given, and tells both suites", () => {
    const { seed, suites, seeds } = simulationOf([]);
    expect(Number.isSafeInteger(seed)).toBe(true);
    expect({ suites, seeds }).toEqual({ suites: ["model", "storm"], seeds: 20_000 });
  });

  it.each([
    [["--seeds", "none"], "give the number of stories"],
    [["--otp", "0"], "give the number of stories"],
    [["--seed", "none"], "give a whole number"],
    [["--only", "all"], "give one of model, storm"],
    [["--path", "1:2"], "it belongs to one suite"],
  ])("npm run simulate refuses %j, and says what to give", (words, says) => {
    expect(() => simulationOf(words)).toThrow(says);
  });
});

describe("a random story that goes wrong", () => {
  it("a random story that goes wrong is told with the command that tells it again", async () => {
    const property = fc.asyncProperty(fc.nat(), async (n) => expect(n).toBeLessThan(50));
    const told = await storiesOf("storm", 100).hold(property).catch(String);
    const [, words = ""] = /^Tell it again: npm run simulate -- (.*)$/m.exec(String(told)) ?? [];
    const { seed, suites, path } = simulationOf(words.split(" "));
    expect(suites).toEqual(["storm"]);
    const again = await fc.check(property, { seed, ...(path === undefined ? {} : { path }) });
    expect(told).toContain(`Counterexample: [${again.counterexample}]`);
    expect(again.numRuns).toBe(1);
  });
});
