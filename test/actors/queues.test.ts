import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mailbox } from "../../src/actors/kernel/mailbox.ts";
import { Ring } from "../../src/actors/ring.ts";

type Step = readonly ["push" | "unshift" | "shift" | "pop", number];

const steps = fc.array(
  fc.tuple(fc.constantFrom("push", "push", "unshift", "shift", "pop"), fc.nat(9)),
  { maxLength: 200 },
) as fc.Arbitrary<Step[]>;

describe("queues", () => {
  it("a ring behaves as a list would, whatever is done to it", () => {
    const follows = (script: readonly Step[]) => {
      const ring = new Ring<number>();
      const list: number[] = [];
      for (const [step, value] of script) {
        if (step === "push") list.push(value);
        if (step === "unshift") list.unshift(value);
        const [taken, expected] = [take(ring, step, value), takeOf(list, step)];
        expect(taken).toBe(expected);
        expect(ring.length).toBe(list.length);
        expect(list.map((_, index) => ring.at(index))).toEqual(list);
      }
    };
    fc.assert(fc.property(steps, follows));
  });

  it("a mailbox keeps order with its inline first place, undefined included", () => {
    const follows = (script: readonly Step[]) => {
      const mailbox = new Mailbox<number | undefined>();
      const list: (number | undefined)[] = [];
      for (const [step, digit] of script) {
        const value = digit === 0 ? undefined : digit;
        if (step === "push") mailbox.push(value);
        else if (step === "unshift") mailbox.unshift(value);
        else expect(mailbox.shift()).toBe(list[0]);
        if (step === "push") list.push(value);
        else if (step === "unshift") list.unshift(value);
        else list.splice(0, 1);
        expect(mailbox.length).toBe(list.length);
        expect(mailbox.peek(1_000)).toEqual(list);
      }
      expect(mailbox.takeAll()).toEqual(list);
    };
    fc.assert(fc.property(steps, follows));
  });
});

function take(ring: Ring<number>, step: Step[0], value: number): number | undefined {
  if (step === "shift") return ring.shift();
  if (step === "pop") return ring.pop();
  ring[step](value);
  return undefined;
}

function takeOf(list: number[], step: Step[0]): number | undefined {
  if (step === "shift") return list.splice(0, 1)[0];
  return step === "pop" ? list.pop() : undefined;
}
