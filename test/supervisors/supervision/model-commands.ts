import fc from "fast-check";
import type { ModelledSupervisor } from "./modelled-supervisor.ts";
import type { ModelRestart, ModelRules, OtpModel } from "./otp-model.ts";

/** One thing that happens to a supervisor and to its model alike. `child` counts round those there are. */
export type Step =
  | { readonly do: "end"; readonly child: number; readonly how: "normal" | "error" }
  | { readonly do: "terminate" | "restart" | "delete"; readonly child: number }
  | {
      readonly do: "add";
      readonly restart: ModelRestart;
      readonly significant: boolean;
      readonly faults: number;
    }
  | { readonly do: "plan"; readonly child: number; readonly faults: number }
  | { readonly do: "advance"; readonly ms: number };

const child = fc.nat({ max: 5 });
const restart = fc.constantFrom<ModelRestart>("permanent", "transient", "temporary");

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("end" as const),
      child,
      how: fc.constantFrom("error" as const, "error" as const, "normal" as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("terminate" as const, "restart" as const, "delete" as const),
      child,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      restart,
      significant: fc.boolean(),
      faults: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("plan" as const),
      child,
      faults: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      ms: fc.constantFrom(0, 1, 50, 100, 150, 400, 1_000, 5_000),
    }),
  },
);

const rules: fc.Arbitrary<ModelRules> = fc.record({
  strategy: fc.constantFrom("one-for-one", "one-for-all", "rest-for-one"),
  maxRestarts: fc.constantFrom(0, 1, 3, 5, 100),
  withinMs: fc.constantFrom(100, 1_000, 5_000),
  maxConsecutive: fc.constantFrom(2, 8),
  autoShutdown: fc.constantFrom("never", "any-significant", "all-significant"),
  reviveFinished: fc.boolean(),
  backoff: fc.constantFrom(undefined, { initialMs: 100, maxMs: 400 }),
});

/** A supervisor's rules, its first children, and what happens to them. */
export const story: fc.Arbitrary<{
  readonly rules: ModelRules;
  readonly first: readonly ModelRestart[];
  readonly steps: readonly Step[];
}> = fc.record({
  rules,
  first: fc.array(restart, { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { minLength: 1, maxLength: 20 }),
});

/** Do a step to both. Returns what each answered. */
export async function take(
  step: Step,
  model: OtpModel,
  real: ModelledSupervisor,
  fresh: string,
): Promise<readonly [expected: unknown, answered: unknown]> {
  if (step.do === "advance") {
    model.advance(step.ms);
    return [undefined, await real.advance(step.ms)];
  }
  if (step.do === "add") {
    const significant = step.significant && canBeSignificant(step.restart, model);
    const options = { significant, faults: step.faults };
    return [model.add(fresh, step.restart, options), await real.add(fresh, step.restart, options)];
  }
  const id = model.ids[step.child % Math.max(1, model.ids.length)] ?? "nobody";
  if (step.do === "plan") {
    model.plan(id, step.faults);
    return [undefined, real.plan(id, step.faults)];
  }
  if (step.do === "end") {
    if (model.isRunning(id)) {
      model.end(id, step.how);
      await real.end(id, step.how);
    }
    return [undefined, undefined];
  }
  return [model[step.do](id), await real[step.do](id)];
}

function canBeSignificant(restart: ModelRestart, model: OtpModel): boolean {
  return restart !== "permanent" && model.knowsSignificance;
}
