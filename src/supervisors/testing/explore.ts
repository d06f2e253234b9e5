import type { Scripts } from "../../actors/agent/scripted/index.ts";
import type { Harness } from "../../actors/agent/wire/index.ts";
import { printable } from "../../actors/data/index.ts";
import type { JournalRecord } from "../../actors/journal/index.ts";
import { errorExit } from "../../actors/kernel/index.ts";
import { messageOf, RamureError } from "../../errors.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import type { ContractShape } from "../endpoints/index.ts";
import type { AgentProcess } from "../process/index.ts";
import { openTestRun, type TestRun } from "./test-run.ts";

export interface ExploreOptions<
  Args extends readonly unknown[],
  Result,
  Shape extends ContractShape,
> {
  /** The arguments of the program. Default: none. */
  readonly args?: Args | undefined;
  /** The script of the agents: one function for all, or one by agent name. */
  readonly script?: Scripts | undefined;
  /** Makes what launches the agents of one world, instead of the script. */
  readonly harness?: (() => Harness) | undefined;
  /** The number of worlds. Default: 1_000. */
  readonly seeds?: number | undefined;
  /** The seed of the first world; the next ones count on. Default: 1. */
  readonly seed?: number | undefined;
  /** The most crashes in one world. Default: 3. */
  readonly crashes?: number | undefined;
  /** The number of journal records after one of which a crash comes. Default: as many as a world without crashes has. */
  readonly records?: number | undefined;
  /** The kinds of actors that may crash; never the root. Default: all three. */
  readonly kinds?: readonly ("process" | "agent" | "machine")[] | undefined;
  /**
   * Tests one world: rejects when something is not as it must be. Default: the program has to end, and
   * not to fail.
   */
  readonly test?: ((run: TestRun<Result, Shape>) => Promise<unknown>) | undefined;
}

/** The count of what was explored, when every world was as it must be. */
export interface Explored {
  readonly worlds: number;
  readonly crashes: number;
}

/** One actor that was killed. */
export interface InjectedCrash {
  /** The number of journal records before it. */
  readonly after: number;
  readonly path: string;
  readonly kind: string;
}

/** A program did not stand a world of crashes. The message tells the shortest story that was found. */
export class WorldBrokenError extends RamureError {
  readonly code = "world-broken";
  constructor(
    /** The options that make this world again. */
    readonly world: { readonly seed: number; readonly records: number },
    /** The crashes that are enough to break it. */
    readonly crashes: readonly InjectedCrash[],
    story: readonly string[],
    cause: unknown,
  ) {
    super(
      [
        `The world of seed ${world.seed} is not as it must be: ${messageOf(cause)}`,
        `Play it again: explore(…, { seed: ${world.seed}, seeds: 1, records: ${world.records} }).`,
        crashes.length === 0 ? "Nothing crashed in it." : "What crashed in it:",
        ...crashes.map(({ after, path, kind }) => `  after record ${after}: ${kind} ${path}`),
        "What happened:",
        ...story.map((line) => `  ${line}`),
      ].join("\n"),
      { cause },
    );
  }
}

type Options = ExploreOptions<readonly unknown[], unknown, ContractShape>;

const optionKinds: OptionKinds<Options> = {
  args: "list",
  script: "any",
  harness: "function",
  seeds: "number",
  seed: "number",
  crashes: "number",
  records: "number",
  kinds: "list",
  test: "function",
};

/** The lines of a story that are shown, the last ones. */
const storyLines = 60;

/**
 * Run a program through many worlds, in each of which actors crash at random moments.
 *
 * Each world is a `testRun` of its own, under a manual clock. A crash fails a process, or kills an agent
 * or a machine, below the root and after a random record of the journal; the seed decides which and
 * when. The first world whose `test` rejects is tried with fewer crashes. What a program keeps in
 * variables of its own outside its processes is not the world's: keep it in events, or in `args`.
 *
 * Resolves when all worlds are as they must be. Rejects with WorldBrokenError, which tells the seed, the
 * crashes and what happened, and with what `test` rejects with where nothing crashes at all.
 *
 * @example
 * import { agentProcess, retry, sleep } from "ramure";
 * import { explore } from "ramure/testing";
 *
 * const step = agentProcess(async function step() {
 *   await sleep(1_000);
 *   return "done";
 * });
 *
 * const { worlds } = await explore(retry(step), { seeds: 5, crashes: 1 });
 * console.log(`${worlds} worlds held`);
 */
export async function explore<Args extends readonly unknown[], Result, Shape extends ContractShape>(
  process: AgentProcess<Args, Result, Shape>,
  options: ExploreOptions<Args, Result, Shape> = {},
): Promise<Explored> {
  checkOptions("explore()", options, optionKinds);
  const { seeds = 1_000, seed: first = 1, crashes = 3 } = options;
  if (!(seeds >= 1) || !(crashes >= 0))
    throw new RangeError(`explore() takes seeds >= 1 and crashes >= 0, not ${seeds}, ${crashes}.`);
  const play = (plan: readonly PlannedCrash[]) => playWorld(process, options, plan);
  const calm = await play([]);
  if (calm.failure !== undefined) throw calm.failure.error;
  const { records = calm.story.length } = options;
  let injected = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    const plan = planOf(seed, { crashes, records });
    const played = await play(plan);
    injected += played.crashes.length;
    if (played.failure !== undefined)
      throw await shortest({ seed, records }, { plan, played, play });
  }
  return { worlds: seeds, crashes: injected };
}

/** One crash that a world has in store. */
interface PlannedCrash {
  readonly after: number;
  /** Chooses among those that live then: a number from 0 up to 1. */
  readonly which: number;
}

/** A world that came to its end. */
interface Played {
  readonly crashes: readonly InjectedCrash[];
  readonly story: readonly string[];
  readonly failure: { readonly error: unknown } | undefined;
}

function planOf(
  seed: number,
  { crashes, records }: { readonly crashes: number; readonly records: number },
): readonly PlannedCrash[] {
  const random = randomOf(seed);
  const count = crashes === 0 ? 0 : 1 + Math.floor(random() * crashes);
  return Array.from({ length: count }, () => ({
    after: 1 + Math.floor(random() * records),
    which: random(),
  }));
}

/** Numbers from 0 up to 1 that follow from the seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function playWorld<Args extends readonly unknown[], Result, Shape extends ContractShape>(
  process: AgentProcess<Args, Result, Shape>,
  options: ExploreOptions<Args, Result, Shape>,
  plan: readonly PlannedCrash[],
): Promise<Played> {
  const { script, harness, kinds, test = (run) => run.finished() } = options;
  const story: string[] = [];
  const crashes: InjectedCrash[] = [];
  const due = plan.toSorted((a, b) => b.after - a.after);
  let crash: (planned: PlannedCrash) => void = () => {};
  const onRecord = (record: JournalRecord, seq: number): void => {
    story.push(lineOf(record, seq));
    for (let next = due.at(-1); next && next.after <= story.length; next = due.at(-1)) {
      const planned = next;
      due.pop();
      // Later: the code that writes the record completes its step first.
      queueMicrotask(() => crash(planned));
    }
  };
  const args = (options.args ?? []) as Args;
  const launcher = harness === undefined ? { script } : { harness: harness() };
  const { run, runtime } = await openTestRun(process, args, launcher, onRecord);
  crash = ({ after, which }) => {
    const living = [...runtime.directory.values()].filter(
      ({ path, kind }) =>
        path !== runtime.root?.path &&
        (kinds === undefined || kinds.includes(kind)) &&
        runtime.system.whereis(path) !== undefined,
    );
    const victim = living[Math.floor(which * living.length)];
    if (victim === undefined) return;
    const { path, kind } = victim;
    crashes.push({ after, path, kind });
    story.push(`crash   ${kind} ${path}`);
    const thrown = new Error("explore() crashed it");
    const ref = runtime.system.whereis(path);
    if (kind === "process") ref?.send({ type: "end", reason: errorExit(thrown), thrown });
    else void ref?.kill();
  };
  try {
    await test(run);
    return { crashes, story, failure: undefined };
  } catch (error) {
    return { crashes, story, failure: { error } };
  } finally {
    await run[Symbol.asyncDispose]();
  }
}

function lineOf({ type, path, data }: JournalRecord, seq: number): string {
  const text = data === undefined ? "" : JSON.stringify(data);
  return printable(`${seq} ${path} ${type} ${text}`).slice(0, 160).trimEnd();
}

/** Leave out crashes as long as the world stays broken. */
async function shortest(
  world: WorldBrokenError["world"],
  broken: {
    readonly plan: readonly PlannedCrash[];
    readonly played: Played;
    readonly play: (plan: readonly PlannedCrash[]) => Promise<Played>;
  },
): Promise<WorldBrokenError> {
  let { plan, played } = broken;
  for (const each of broken.plan) {
    if (plan.length === 1) break;
    const fewer = plan.filter((other) => other !== each);
    const again = await broken.play(fewer);
    if (again.failure !== undefined) [plan, played] = [fewer, again];
  }
  const { crashes, story, failure } = played;
  return new WorldBrokenError(world, crashes, story.slice(-storyLines), failure?.error);
}
