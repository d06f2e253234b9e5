import { describe, expect, it } from "vitest";
import { stopSteps } from "../../../src/supervisors/supervision/strategy.ts";
import { begun, owned } from "./owned-supervision.ts";

/** `agent<machine` depends on `machine`; a name in capitals stops one by one. */
function steps(...names: readonly string[]): readonly string[] {
  const children = names.map((name) => {
    const [id = "", dependsOn] = name.split("<");
    return { spec: { id, dependsOn, stopTogether: id === id.toLowerCase() } };
  });
  return stopSteps(children).map((step) => step.map(({ spec }) => spec.id).join(" "));
}

describe("the order of stops", () => {
  it.each([
    [
      ["A", "B", "C"],
      ["C", "B", "A"],
    ],
    [["a", "b", "c"], ["c b a"]],
    [
      ["m", "a<m", "b<m"],
      ["b a", "m"],
    ],
    [
      ["m", "a<m", "n", "b<n", "c<m"],
      ["c b a", "n m"],
    ],
    [
      ["m", "a<m", "P", "b<m", "c<m"],
      ["c b", "P", "a", "m"],
    ],
    [
      ["m", "n<m", "a<n", "b<m"],
      ["b a", "n", "m"],
    ],
    [
      ["m", "P", "a<m"],
      ["a", "P", "m"],
    ],
    [[], []],
  ])("the order of stops of %j is %j", (started, order) => {
    expect(steps(...started)).toEqual(order);
  });

  it("the order of stops costs the same for each of any number", () => {
    const many = Array.from({ length: 100_000 }, (_, n) => `${n % 2 ? "a" : "A"}${n}`);
    expect(steps(...many)).toHaveLength(100_000);
  });
});

describe("agents and machines of one owner", () => {
  it("agents and machines of one owner stop at the same time, each machine after its agents", async () => {
    const all = await owned();
    const { W, owner, supervision, clock } = all;
    const slow = { kind: "agent", dependsOn: "vm", termDelay: 10_000 };
    await begun(all, supervision, [
      W("vm", { kind: "machine" }),
      W("one", slow),
      W("two", slow),
      W("three", slow),
    ]);
    const stopped = owner.stop();
    await clock.settle();
    expect(all.take()).toEqual([
      "term three#1 shutdown",
      "term two#1 shutdown",
      "term one#1 shutdown",
    ]);
    await clock.advance(9_999);
    expect(all.take()).toEqual([]);
    await clock.advance(1);
    expect(all.take()).toEqual(["term vm#1 shutdown"]);
    await stopped;
    expect(clock.now()).toBe(10_000);
  });
});
