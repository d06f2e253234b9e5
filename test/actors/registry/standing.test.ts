import { describe, expect, it, onTestFinished } from "vitest";
import { createSystem } from "../../../src/actors/kernel/system.ts";
import { manualClock } from "../../../src/actors/manual-clock.ts";
import { Lives, lifeChart, lifeEnds } from "../../../src/actors/registry/lives.ts";
import {
  type RegistryNode,
  registryBehavior,
} from "../../../src/actors/registry/registry-actor.ts";
import { chart, Standing } from "../../../src/actors/registry/standing.ts";

type LampEvent = { readonly type: "pressed" } | { readonly type: "broke" };

const lamp = chart<"off" | "on" | "broken", LampEvent>("lamp", {
  initial: "off",
  ended: ["broken"],
  table: { off: { pressed: "on" }, on: { pressed: "off", broke: "broken" }, broken: {} },
});

async function told() {
  const clock = manualClock();
  const system = createSystem({ clock });
  onTestFinished(() => system.stop());
  const registry = system.spawn(registryBehavior(), { name: "registry" });
  const nodes: RegistryNode[] = [];
  registry.send({
    type: "watch",
    watcher: (change) => {
      if (change.type === "changed") nodes.push(change.node);
    },
  });
  const settled = () => registry.call((reply) => ({ type: "snapshot", reply }));
  return { clock, registry, nodes, settled };
}

describe("a chart", () => {
  it("a chart leads from a state to the next one by its table", () => {
    expect(lamp.next("off", { type: "pressed" })).toBe("on");
  });

  it("a chart throws for an event that the state does not know, naming both", () => {
    expect(() => lamp.next("broken", { type: "pressed" })).toThrow(
      "A lamp that is broken cannot take pressed.",
    );
  });
});

describe("a standing", () => {
  it("a standing reports each move to the registry, with the time of the last change of state", async () => {
    const { clock, registry, nodes, settled } = await told();
    const standing = new Standing(lamp, { path: "/lamp", clock, registry });
    const start = clock.wallNow();
    standing.enter(1, { type: "pressed" });
    await clock.advance(10);
    standing.move({ type: "pressed" }, "it shines");
    await settled();
    const same = { path: "/lamp", kind: "lamp", epoch: 1, restarts: 0 };
    expect(nodes).toEqual([
      { ...same, state: "off", since: start },
      { ...same, state: "on", since: start + 10, summary: "it shines" },
    ]);
  });

  it("a standing keeps the time when an event leads back to the same state", async () => {
    const { clock } = await told();
    const still = chart<"a", LampEvent>("lamp", {
      initial: "a",
      ended: [],
      table: { a: { pressed: "a" } },
    });
    let facts = {};
    const { registry, nodes, settled } = await told();
    const describe = () => ({ facts });
    const standing = new Standing(still, { path: "/a", clock, registry, describe });
    await clock.advance(10);
    facts = { colour: "red" };
    standing.move({ type: "pressed" });
    await settled();
    expect(nodes).toMatchObject([{ since: clock.wallNow() - 10, facts: { colour: "red" } }]);
  });

  it("a standing counts restarts from its second epoch on, with one report for each", async () => {
    const { clock, registry, nodes, settled } = await told();
    const standing = new Standing(lamp, { path: "/lamp", clock, registry });
    standing.enter(1, { type: "pressed" });
    standing.enter(2, { type: "pressed" });
    await settled();
    expect(nodes.map(({ epoch, restarts, state }) => [epoch, restarts, state])).toEqual([
      [1, 0, "off"],
      [2, 1, "on"],
    ]);
  });
});

describe("the lives of a thing", () => {
  type Ready = { readonly type: "ready" };
  const boat = lifeChart<"afloat", Ready>("boat", {
    afloat: lifeEnds,
    starting: { ready: "afloat" },
  });
  const launch = () => {
    const lives = new Lives<"afloat", Ready>(boat, { path: "/boat", clock: manualClock() });
    lives.enter(1, { type: "restarted" });
    lives.move({ type: "ready" });
    return lives;
  };

  it("the lives of a thing take no word from an incarnation of an earlier epoch", () => {
    const lives = launch();
    lives.left("it leaked");
    lives.enter(2, { type: "restarted" });
    lives.stopping(1);
    expect([lives.state, lives.isCurrent(1), lives.isCurrent(2)]).toEqual([
      "starting",
      false,
      true,
    ]);
  });

  it("the lives of a thing end as stopped when an incarnation was asked to stop, and as crashed otherwise", () => {
    const [asked, crashed] = [launch(), launch()];
    asked.stopping(1);
    asked.left(undefined);
    crashed.left("it leaked");
    expect([asked.state, crashed.state, crashed.summary]).toEqual([
      "stopped",
      "backoff",
      "it leaked",
    ]);
  });

  it("lives that wait for a restart end for good as it is said", () => {
    const [stopped, failed] = [launch(), launch()];
    for (const lives of [stopped, failed]) lives.left("it leaked");
    stopped.end("the run stops", "stopped");
    failed.end("no more tries", "failed");
    expect([stopped.state, stopped.summary]).toEqual(["stopped", "the run stops"]);
    expect([failed.state, failed.summary]).toEqual(["failed", "no more tries"]);
  });
});
