import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { harnessConformance } from "../../../../src/actors/agent/conformance/conformance.ts";
import { type PiWorld, piWorld } from "../pi/pi-world.ts";

/** The cases share machine, model and tmux server; each launches a pi of its own. */
let world: PiWorld | undefined;

beforeAll(async () => {
  world = await piWorld();
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

describe("pi", () => {
  const cases = harnessConformance(() => {
    if (!world) throw new Error("there is no world");
    const { harness, machine, bridge, run, root } = world;
    return { harness, machine, bridge, run, dir: join(root, "dir") };
  });
  for (const { title, run } of cases) it(title, () => run());
});
