import { describe, expect, it } from "vitest";
import type { ChildSpec } from "../../../src/supervisors/supervision/child-spec.ts";
import { checkSpecs, resolveSpec } from "../../../src/supervisors/supervision/resolve-spec.ts";
import {
  resolveFlags,
  type SupervisionFlags,
} from "../../../src/supervisors/supervision/supervisor-flags.ts";

const behavior = { init: () => 0, receive: (state: number) => state };
const good: ChildSpec = { id: "a", start: () => behavior };

/** What a program that the compiler did not check may pass. */
function unchecked<T>(value: object): T {
  return value as T;
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
  return undefined;
}

describe("resolveSpec", () => {
  it.each<[string, object, string]>([
    ["no id", { id: undefined }, "missing-id"],
    ["an empty id", { id: "" }, "missing-id"],
    ["an id that is no string", { id: 7 }, "missing-id"],
    ["no start", { start: undefined }, "missing-start"],
    ["a start that is no function", { start: "worker" }, "missing-start"],
    ["a restart of another word", { restart: "always" }, "invalid-restart"],
    ["a negative shutdown", { shutdownMs: -1 }, "invalid-shutdown"],
    ["a shutdown that is no number", { shutdownMs: Number.NaN }, "invalid-shutdown"],
    ["a shutdown of another word", { shutdownMs: "brutal_kill" }, "invalid-shutdown"],
    ["a type of another word", { type: "wrong" }, "invalid-type"],
    ["a significance that is no boolean", { significant: "maybe" }, "invalid-significant"],
    ["no time to start", { startTimeoutMs: 0 }, "invalid-start-timeout"],
    ["a mailbox of another word", { mailbox: "lose" }, "invalid-mailbox"],
    ["a backoff that shrinks", { backoff: { factor: 0.5 } }, "invalid-backoff"],
    ["a backoff whose cap is below its start", { backoff: { maxMs: 1 } }, "invalid-backoff"],
    ["an intensity below 0", { intensity: { maxRestarts: -1 } }, "invalid-intensity"],
    ["a window of nothing", { intensity: { withinMs: 0 } }, "invalid-period"],
    ["significant and permanent", { significant: true }, "bad-combination"],
  ])("resolveSpec refuses %s", (_title, fault, code) => {
    const spec = unchecked<ChildSpec>({ ...good, ...fault });
    expect(codeOf(() => resolveSpec(spec, "any-significant"))).toBe(code);
  });

  it("resolveSpec refuses a significant child where nothing comes of it", () => {
    const spec: ChildSpec = { ...good, restart: "transient", significant: true };
    expect(codeOf(() => resolveSpec(spec, "never"))).toBe("bad-combination");
    expect(codeOf(() => resolveSpec(spec, "all-significant"))).toBeUndefined();
  });

  it("resolveSpec refuses an id that no path could carry", () => {
    expect(codeOf(() => resolveSpec({ ...good, id: "a/b" }, "never"))).toBe("invalid-name");
  });

  it("resolveSpec refuses the same id twice", () => {
    expect(codeOf(() => checkSpecs([good, good], "never"))).toBe("duplicate-id");
  });

  it("resolveSpec ignores what it does not know", () => {
    expect(
      codeOf(() => resolveSpec(unchecked({ ...good, colour: "red" }), "never")),
    ).toBeUndefined();
  });

  it("resolveSpec says what would be right", () => {
    const spec = unchecked<ChildSpec>({ ...good, restart: "always" });
    expect(() => resolveSpec(spec, "never")).toThrow(
      "child a: restart is permanent, transient or temporary.",
    );
  });

  it.each<[string, Partial<ChildSpec>, object]>([
    [
      "an actor",
      {},
      { restart: "permanent", shutdownMs: 5_000, startTimeoutMs: 5_000, kind: "actor" },
    ],
    [
      "a supervisor",
      { type: "supervisor" },
      { shutdownMs: "infinity", startTimeoutMs: Infinity, kind: "supervisor" },
    ],
    [
      "an agent",
      { kind: "agent" },
      { restart: "permanent", shutdownMs: 15_000, startTimeoutMs: 60_000, mailbox: "keep" },
    ],
    [
      "a machine",
      { kind: "machine" },
      { restart: "permanent", startTimeoutMs: 300_000, mailbox: "drop" },
    ],
    [
      "a process",
      { kind: "process" },
      { restart: "transient", shutdownMs: 5_000, startTimeoutMs: 5_000 },
    ],
    ["a task", { kind: "task" }, { restart: "temporary", significant: false, type: "worker" }],
  ])("resolveSpec knows the defaults of %s", (_kind, fields, expected) => {
    expect(resolveSpec({ ...good, ...fields }, "never")).toMatchObject(expected);
  });

  it("resolveSpec counts agents and machines on their own, 20 in 10 min, with a backoff", () => {
    const { intensity, backoff } = resolveSpec({ ...good, kind: "agent" }, "never");
    expect(intensity).toEqual({ maxRestarts: 20, withinMs: 600_000, maxConsecutive: 8 });
    expect(backoff).toMatchObject({ initialMs: 1_000, maxMs: 60_000, resetAfterMs: 30_500 });
  });
});

describe("resolveFlags", () => {
  it.each<[string, object, string]>([
    ["a negative intensity", { intensity: { maxRestarts: -1 } }, "invalid-intensity"],
    ["an endless intensity", { intensity: { maxRestarts: Infinity } }, "invalid-intensity"],
    ["a broken count in a row", { intensity: { maxConsecutive: 1.5 } }, "invalid-intensity"],
    ["a window of nothing", { intensity: { withinMs: 0 } }, "invalid-period"],
    ["an unknown strategy", { strategy: "one_for_one" }, "invalid-strategy"],
    ["an unknown auto-shutdown", { autoShutdown: "sometimes" }, "invalid-auto-shutdown"],
    ["fewer children than none", { maxChildren: -1 }, "invalid-max-children"],
  ])("resolveFlags refuses %s", (_title, fault, code) => {
    expect(codeOf(() => resolveFlags(unchecked<SupervisionFlags>(fault)))).toBe(code);
  });

  it("resolveFlags fills in 3 restarts in 5 s, one for one, no auto-shutdown", () => {
    expect(resolveFlags({})).toMatchObject({
      strategy: "one-for-one",
      intensity: { maxRestarts: 3, withinMs: 5_000, maxConsecutive: 8 },
      autoShutdown: "never",
      reviveFinished: false,
    });
  });

  it("resolveFlags ignores what it does not know", () => {
    expect(codeOf(() => resolveFlags(unchecked({ colour: "red" })))).toBeUndefined();
  });
});
