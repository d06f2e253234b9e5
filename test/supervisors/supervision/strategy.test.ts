import { describe, expect, it } from "vitest";
import { type Strategy, touched } from "../../../src/supervisors/supervision/strategy.ts";

const order = ["vm", "agent", "log"];

describe("touched", () => {
  it.each<[Strategy, string, readonly string[]]>([
    ["one-for-one", "vm", ["vm"]],
    ["one-for-one", "log", ["log"]],
    ["one-for-all", "vm", ["vm", "agent", "log"]],
    ["one-for-all", "log", ["vm", "agent", "log"]],
    ["rest-for-one", "vm", ["vm", "agent", "log"]],
    ["rest-for-one", "agent", ["agent", "log"]],
    ["rest-for-one", "log", ["log"]],
  ])("touched under %s the failure of %s takes %j along", (strategy, failed, expected) => {
    expect(touched(strategy, order, failed)).toEqual(expected);
  });
});
