import type { Image } from "../machine.ts";
import { execTrials } from "./exec.ts";
import { fileTrials } from "./files.ts";
import { type ConformanceAbilities, type ConformanceCase, onMachine } from "./kit.ts";
import { abilityTrials, lifeTrials } from "./life.ts";
import { troubleTrials } from "./trouble.ts";

/**
 * List what every machine of an image must do, as cases for any test framework.
 *
 * Each case starts a machine of its own and stops it, so they may run in any order and at once.
 * The work directory of one machine may be that of the next: the image should make a fresh one,
 * or the caller gives `image` as a function. The machine needs bash and the usual POSIX commands.
 *
 * @example
 * for (const { title, run } of machineConformance(new LocalImage(), { fork: true })) it(title, run);
 */
export function machineConformance(
  image: Image | (() => Image),
  abilities: ConformanceAbilities = {},
): readonly ConformanceCase[] {
  const fresh = typeof image === "function" ? image : () => image;
  const trials = [...lifeTrials, ...execTrials, ...fileTrials, ...abilityTrials, ...troubleTrials];
  return trials.map(([title, trial]) => ({
    title,
    run: () => onMachine(fresh(), abilities, trial),
  }));
}
