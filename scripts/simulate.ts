import { parseArgs } from "node:util";
import { execa } from "execa";
import { root } from "./source-files.ts";

/*
 * `npm run simulate -- --seeds N [--seed S]`: hold supervisors to an independent model of OTP's rules
 * in N random stories, and to what must hold in N storms. What fails is printed shortened, with the
 * seed that tells it again.
 */

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "20000" }, seed: { type: "string" } },
});
const seeds = Number(values.seeds);
if (!Number.isSafeInteger(seeds) || seeds < 1) {
  throw new Error(`--seeds ${values.seeds}: give the number of stories, such as --seeds 20000`);
}

const suites = [
  "test/supervisors/supervision/model.test.ts",
  "test/supervisors/supervision/storm.test.ts",
];
const began = process.hrtime.bigint();
const { exitCode } = await execa("vitest", ["run", ...suites], {
  cwd: root,
  preferLocal: true,
  stdio: "inherit",
  reject: false,
  env: { RAMURE_SIMULATE_SEEDS: String(seeds), RAMURE_SIMULATE_SEED: values.seed },
});
const seconds = Number((process.hrtime.bigint() - began) / 1_000_000_000n);
console.log(`2 x ${seeds} stories in ${seconds} s: ${exitCode === 0 ? "none" : "one"} went wrong`);
process.exitCode = exitCode ?? 1;
