import { describe, it } from "vitest";
import { machineConformance } from "../../../src/machines/conformance/conformance.ts";
import type { ConformanceAbilities } from "../../../src/machines/conformance/kit.ts";
import type { Image } from "../../../src/machines/machine.ts";

/** Declare the conformance suite of a backend as tests. */
export function itConforms(image: () => Image, abilities: ConformanceAbilities): void {
  const machine = `a ${image().kind} machine`;
  describe(machine, () => {
    for (const { title, run } of machineConformance(image, abilities))
      it.concurrent(`${machine} ${title}`, run);
  });
}
