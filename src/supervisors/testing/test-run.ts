import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Scripts, scriptedHarness } from "../../actors/agent/scripted/index.ts";
import type { Harness } from "../../actors/agent/wire/index.ts";
import type { Clock } from "../../actors/clock.ts";
import { type ManualClock, manualClock } from "../../actors/manual-clock.ts";
import type { ContractShape } from "../endpoints/index.ts";
import { type AgentProcess, definitionOf, type ProcessHandle } from "../process/index.ts";
import { handleOf } from "../program/index.ts";
import { openRun } from "../runtime/index.ts";

export interface TestRunOptions<C extends Clock = Clock> {
  /** What the agents do: one function for all, or one by agent name. */
  readonly script?: Scripts | undefined;
  /** Default: a manual clock, which stands until the test advances it. */
  readonly clock?: C | undefined;
  /** Launches agents instead of the script. */
  readonly harness?: Harness | undefined;
}

/** A program under test. */
export interface TestRun<Result, Shape extends ContractShape, C extends Clock = ManualClock> {
  /** The root process: its events, endpoints and agents. */
  readonly handle: ProcessHandle<Result, Shape>;
  readonly clock: C;
  /** Settles as the program does, when nothing of the run is left. */
  finished(): Promise<Result>;
}

/**
 * Run a program, unchanged, with scripted agents and a clock that the test moves.
 *
 * Resolves when the root process has been started. Files and sockets are real, and take real time:
 * before you advance the clock, wait for the event that says how far the program is. The run has a
 * home of its own, in a temporary directory that is gone when `finished()` settles.
 */
export async function testRun<
  Args extends readonly unknown[],
  Result,
  Shape extends ContractShape,
  C extends Clock = ManualClock,
>(
  process: AgentProcess<Args, Result, Shape>,
  args: Args,
  options: TestRunOptions<C> = {},
): Promise<TestRun<Result, Shape, C>> {
  const clock = (options.clock ?? manualClock()) as C;
  const harness = options.harness ?? scriptedHarness(options.script ?? {});
  const definition = definitionOf(process);
  const home = await mkdtemp(join(tmpdir(), "ramure-test-"));
  const clean = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const { root, finished } = await openRun(
      { ...definition, options: { ...definition.options, clock, harness } },
      args,
      { ...globalThis.process.env, RAMURE_HOME: home },
    );
    const over = finished.finally(clean) as Promise<Result>;
    over.catch(() => {});
    return { handle: handleOf(root), clock, finished: () => over };
  } catch (error) {
    await clean();
    throw error;
  }
}
