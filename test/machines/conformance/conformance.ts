import { describe, it } from "vitest";
import { machineConformance } from "../../../src/machines/conformance/conformance.ts";
import type { ConformanceAbilities } from "../../../src/machines/conformance/kit.ts";
import type { Image } from "../../../src/machines/machine.ts";

/** All cases of a backend run at once, beside other suites: a time limit may come late. */
const slackMs = 30_000;

/** Declare the conformance suite of a backend as tests. */
export function itConforms(image: () => Image, abilities: ConformanceAbilities): void {
  const machine = `a ${image().kind} machine`;
  describe(machine, () => {
    for (const { title, run } of machineConformance(image, { slackMs, ...abilities }))
      it.concurrent(`${machine} ${title}`, run);
  });
}
