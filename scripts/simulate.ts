import { parseArgs } from "node:util";
import { execa } from "execa";
import { simulateOtp } from "./simulate-otp.ts";
import { isProgram, root } from "./source-files.ts";

/*
 * `npm run simulate -- [--seeds N] [--seed S] [--only model|storm [--path P]]`: hold supervisors to an
 * independent model of OTP's rules in N random stories, and to what must hold in N storms. What fails is
 * printed shortened, with the command that tells it again.
 *
 * `npm run simulate -- --otp N [--seed S]`: tell N random stories to supervisors of a real OTP too.
 */

const suites = ["model", "storm"] as const;

/** What to simulate. */
export interface Simulation {
  readonly seeds: number;
  /** The number of stories to tell to a real OTP and to ours; undefined: hold ours to a model instead. */
  readonly otp: number | undefined;
  readonly seed: number;
  readonly suites: readonly string[];
  /** Where in the stories of one suite a failure was, as fast-check prints it. */
  readonly path: string | undefined;
}

/** Read the words of the command. Throws an Error that says what to give. */
export function simulationOf(words: readonly string[]): Simulation {
  const { values } = parseArgs({
    args: withSeed(words),
    options: {
      seeds: { type: "string", default: "20000" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      otp: { type: "string" },
      only: { type: "string" },
      path: { type: "string" },
    },
  });
  const { only, path } = values;
  const otp = values.otp === undefined ? undefined : Number(values.otp);
  const [seeds, seed] = [Number(values.seeds), Number(values.seed)];
  if (!Number.isSafeInteger(seeds) || seeds < 1)
    throw new Error(`--seeds ${values.seeds}: give the number of stories, such as --seeds 20000`);
  if (otp !== undefined && (!Number.isSafeInteger(otp) || otp < 1))
    throw new Error(`--otp ${values.otp}: give the number of stories, such as --otp 300`);
  if (!Number.isSafeInteger(seed))
    throw new Error(`--seed ${values.seed}: give a whole number, such as one that a failure told`);
  if (only !== undefined && !suites.some((suite) => suite === only))
    throw new Error(`--only ${only}: give one of ${suites.join(", ")}`);
  if (path !== undefined && only === undefined)
    throw new Error(`--path ${path}: it belongs to one suite; say which by --only model or storm`);
  return { seeds, otp, seed, suites: only === undefined ? suites : [only], path };
}

/** Join a seed below 0 to its option: `parseArgs` takes a `-` after a blank for another option. */
function withSeed(words: readonly string[]): string[] {
  return words
    .join("\n")
    .replace(/^--seed\n-(?=\d)/gm, "--seed=-")
    .split("\n")
    .filter(Boolean);
}

async function simulate({ seeds, seed, suites: chosen, path }: Simulation): Promise<void> {
  const began = process.hrtime.bigint();
  const files = chosen.map((suite) => `test/supervisors/supervision/${suite}.test.ts`);
  const { exitCode } = await execa("vitest", ["run", ...files], {
    cwd: root,
    preferLocal: true,
    stdio: "inherit",
    reject: false,
    env: {
      RAMURE_SIMULATE_SEEDS: String(seeds),
      RAMURE_SIMULATE_SEED: String(seed),
      RAMURE_SIMULATE_PATH: path,
    },
  });
  const seconds = Number((process.hrtime.bigint() - began) / 1_000_000_000n);
  const told = `${chosen.length} x ${seeds} stories by seed ${seed} in ${seconds} s`;
  console.log(`${told}: ${exitCode === 0 ? "none" : "one"} went wrong`);
  process.exitCode = exitCode ?? 1;
}

if (isProgram(import.meta.url)) {
  const simulation = simulationOf(process.argv.slice(2));
  if (simulation.otp === undefined) await simulate(simulation);
  else await simulateOtp(simulation.otp, simulation.seed);
}
