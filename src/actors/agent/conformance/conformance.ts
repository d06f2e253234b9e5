import { type HarnessCase, type HarnessSubject, onHarness } from "./kit.ts";
import { lifeTrials } from "./life.ts";
import { talkTrials } from "./talk.ts";

/**
 * List what every harness must hold, as cases for any test framework.
 *
 * Each case launches agents of its own and ends them, so cases may run in any order and at once.
 *
 * @example
 * for (const { title, run } of harnessConformance(() => subject)) it(title, run);
 */
export function harnessConformance(
  subject: () => HarnessSubject | Promise<HarnessSubject>,
): readonly HarnessCase[] {
  return [...lifeTrials, ...talkTrials].map(([title, trial]) => ({
    title,
    run: async () => onHarness(await subject(), trial),
  }));
}
