import { describe, expect, it } from "vitest";
import {
  type AgentEvent,
  type AgentState,
  agentChart,
} from "../../../../src/actors/agent/actor/lifecycle.ts";

type Row = readonly [from: AgentState, event: AgentEvent["type"], to: AgentState];

const legal: readonly Row[] = [
  ["starting", "started", "idle"],
  ["starting", "crashed", "backoff"],
  ["starting", "stop-requested", "stopping"],
  ["starting", "gave-up", "failed"],
  ...(["idle", "working", "waiting"] as const).flatMap((from): Row[] => [
    [from, "turn-started", "working"],
    [from, "tool-waits", "waiting"],
    [from, "model-waits", "waiting"],
    [from, "settled", "idle"],
    [from, "suspected", "suspect"],
    [from, "crashed", "backoff"],
    [from, "stop-requested", "stopping"],
    [from, "gave-up", "failed"],
  ]),
  ["suspect", "turn-started", "working"],
  ["suspect", "tool-waits", "waiting"],
  ["suspect", "model-waits", "waiting"],
  ["suspect", "settled", "idle"],
  ["suspect", "crashed", "backoff"],
  ["suspect", "stop-requested", "stopping"],
  ["suspect", "gave-up", "failed"],
  ["backoff", "restarted", "starting"],
  ["backoff", "stop-requested", "stopping"],
  ["backoff", "gave-up", "failed"],
  ["stopping", "stopped", "stopped"],
  ["stopping", "crashed", "backoff"],
  ["stopping", "gave-up", "failed"],
  ["stopped", "restarted", "starting"],
  ["failed", "restarted", "starting"],
];

const states: readonly AgentState[] = [
  "starting",
  "idle",
  "working",
  "waiting",
  "suspect",
  "backoff",
  "stopping",
  "stopped",
  "failed",
];
const events: readonly AgentEvent["type"][] = [
  "started",
  "turn-started",
  "tool-waits",
  "model-waits",
  "settled",
  "suspected",
  "crashed",
  "stop-requested",
  "stopped",
  "gave-up",
  "restarted",
];

describe("the agent's lifecycle", () => {
  it.each(legal)("%s takes %s and is %s", (from, type, to) => {
    expect(agentChart.next(from, { type })).toBe(to);
  });

  it("the agent's lifecycle throws for every other event, naming state and event", () => {
    const known = new Set(legal.map(([from, type]) => `${from} ${type}`));
    for (const from of states) {
      for (const type of events.filter((type) => !known.has(`${from} ${type}`))) {
        expect(() => agentChart.next(from, { type })).toThrow(
          `An agent that is ${from} cannot take ${type}.`,
        );
      }
    }
  });

  it("the agent's lifecycle counts an agent as living from its start until it has ended", () => {
    expect(states.filter((state) => !agentChart.isLive(state))).toEqual([
      "backoff",
      "stopped",
      "failed",
    ]);
  });
});
