import { InvalidSpecError } from "../../errors.ts";
import { defaultLimits, type Intensity, type RestartLimits } from "./intensity.ts";

/** Fill in what an intensity leaves out. */
export function withLimits(intensity: Intensity | undefined): RestartLimits {
  const {
    maxRestarts = defaultLimits.maxRestarts,
    withinMs = defaultLimits.withinMs,
    maxConsecutive = defaultLimits.maxConsecutive,
  } = intensity ?? {};
  return { maxRestarts, withinMs, maxConsecutive };
}

/** Check that limits are numbers that can be counted with. */
export function checkLimits(where: string, limits: RestartLimits): void {
  if (!isCount(limits.maxRestarts) || !isCount(limits.maxConsecutive)) {
    throw new InvalidSpecError(
      "invalid-intensity",
      `${where}: maxRestarts and maxConsecutive are integers >= 0`,
    );
  }
  if (!(limits.withinMs > 0)) {
    throw new InvalidSpecError("invalid-period", `${where}: withinMs is a number of ms > 0`);
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
