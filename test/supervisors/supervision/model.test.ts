import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { story, take } from "./model-commands.ts";
import { ModelledSupervisor } from "./modelled-supervisor.ts";
import { OtpModel } from "./otp-model.ts";
import { storiesOf } from "./stories.ts";

const stories = storiesOf("model", 1_000);

describe("a supervisor", () => {
  it(
    "a supervisor does what the rules of OTP, with our deviations, say",
    async () => {
      await stories.hold(
        fc.asyncProperty(story, async ({ rules, first, steps }) => {
          const model = new OtpModel(rules);
          const real = await ModelledSupervisor.start(rules);
          let made = 0;
          const all = [
            ...first.map((restart) => ({
              do: "add" as const,
              restart,
              significant: true,
              faults: 0,
            })),
            ...steps,
          ];
          try {
            for (const step of all) {
              made += 1;
              const [expected, answered] = await take(step, model, real, `c${made}`);
              expect(answered).toEqual(expected);
              expect(real.journal).toEqual(model.journal);
              expect(real.exit).toEqual(model.exit);
              if (model.exit !== undefined) break;
              expect(await real.states()).toEqual(model.states());
            }
            if (model.exit === undefined) model.stop();
          } finally {
            await real.stop();
          }
          expect(real.journal).toEqual(model.journal);
          expect(real.timers).toBe(0);
        }),
      );
    },
    Math.max(60_000, stories.count * 100),
  );
});
