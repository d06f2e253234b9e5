import { describe, expect, it } from "vitest";
import { createStartGate } from "../../../../src/actors/agent/actor/start-gate.ts";

const never = new AbortController().signal;

describe("a start gate", () => {
  it("a start gate lets so many in at a time, first come first served", async () => {
    const gate = createStartGate(1);
    const inside: string[] = [];
    const leaveFirst = await gate.enter(never);
    const second = gate.enter(never).then((leave) => {
      inside.push("second");
      return leave;
    });
    const third = gate.enter(never).then(() => inside.push("third"));
    expect(inside).toEqual([]);
    leaveFirst();
    leaveFirst();
    (await second)();
    await third;
    expect(inside).toEqual(["second", "third"]);
  });

  it("a start gate forgets who gave up waiting", async () => {
    const gate = createStartGate(1);
    const leave = await gate.enter(never);
    const abort = new AbortController();
    const given = gate.enter(abort.signal);
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    leave();
    await gate.enter(never);
    await expect(gate.enter(abort.signal)).rejects.toThrow("enough");
  });
});
