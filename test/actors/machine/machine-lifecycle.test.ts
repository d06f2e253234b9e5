import { describe, expect, it } from "vitest";
import {
  type MachineEvent,
  type MachineState,
  machineChart,
} from "../../../src/actors/machine/machine-lifecycle.ts";

type Row = readonly [from: MachineState, event: MachineEvent["type"], to: MachineState];

const legal: readonly Row[] = [
  ["starting", "started", "ready"],
  ["starting", "crashed", "backoff"],
  ["starting", "stop-requested", "stopping"],
  ["starting", "gave-up", "failed"],
  ["ready", "lost", "unreachable"],
  ["ready", "crashed", "backoff"],
  ["ready", "stop-requested", "stopping"],
  ["ready", "gave-up", "failed"],
  ["unreachable", "recovered", "ready"],
  ["unreachable", "crashed", "backoff"],
  ["unreachable", "stop-requested", "stopping"],
  ["unreachable", "gave-up", "failed"],
  ["backoff", "restarted", "starting"],
  ["backoff", "stop-requested", "stopping"],
  ["backoff", "gave-up", "failed"],
  ["stopping", "stopped", "stopped"],
  ["stopping", "crashed", "backoff"],
  ["stopping", "gave-up", "failed"],
  ["stopped", "restarted", "starting"],
  ["failed", "restarted", "starting"],
];
const states: readonly MachineState[] = [
  "starting",
  "ready",
  "unreachable",
  "backoff",
  "stopping",
  "stopped",
  "failed",
];
const events: readonly MachineEvent["type"][] = [
  "started",
  "lost",
  "recovered",
  "crashed",
  "stop-requested",
  "stopped",
  "gave-up",
  "restarted",
];

describe("the machine's lifecycle", () => {
  it.each(legal)("%s takes %s and is %s", (from, type, to) => {
    expect(machineChart.next(from, { type })).toBe(to);
  });

  it("the machine's lifecycle throws for every other event, naming state and event", () => {
    const known = new Set(legal.map(([from, type]) => `${from} ${type}`));
    for (const from of states) {
      for (const type of events.filter((type) => !known.has(`${from} ${type}`))) {
        expect(() => machineChart.next(from, { type })).toThrow(
          `A machine that is ${from} cannot take ${type}.`,
        );
      }
    }
  });
});
