import { rm } from "node:fs/promises";
import { type Scripts, scriptedHarness } from "../../actors/agent/scripted/index.ts";
import type { Harness } from "../../actors/agent/wire/index.ts";
import type { Clock } from "../../actors/clock.ts";
import { NoProcError } from "../../actors/kernel/index.ts";
import { type ManualClock, manualClock } from "../../actors/manual-clock.ts";
import { RamureError } from "../../errors.ts";
import { checkOptions, type OptionKinds } from "../../options.ts";
import type { ContractShape, EndpointCallOptions, ProcessEvents } from "../endpoints/index.ts";
import {
  type Agent,
  type AgentProcess,
  definitionOf,
  type ProcessHandle,
  type ProcessRecord,
} from "../process/index.ts";
import { handleOf } from "../program/index.ts";
import { openRun, type RunSetting, type StartedRun } from "../runtime/index.ts";
import { Awaited } from "./awaited.ts";
import { describeRun } from "./describe-run.ts";
import { OutsideWorld } from "./outside-world.ts";
import { makeTestHome } from "./test-home.ts";
import { TimeSkip } from "./time-skip.ts";

export interface TestRunOptions<C extends Clock = Clock> {
  /** The script of the agents: one function for all, or one by agent name. */
  readonly script?: Scripts | undefined;
  /** Default: a manual clock, which stands until the test advances it or awaits `finished()`. */
  readonly clock?: C | undefined;
  /** Launches agents instead of the script. */
  readonly harness?: Harness | undefined;
  /**
   * The time, in real ms, in which nothing may happen while `finished()` is awaited, before it
   * rejects with TestHangError. Files, subprocesses and connections under way count as something.
   * Default: 3_000.
   */
  readonly hangMs?: number | undefined;
}

/** A program under test. */
export interface TestRun<Result, Shape extends ContractShape, C extends Clock = ManualClock>
  extends AsyncDisposable {
  /** The root process: its events, endpoints and agents. */
  readonly handle: ProcessHandle<Result, Shape>;
  readonly clock: C;
  /**
   * Settles as the program does, when nothing of the run is left.
   *
   * While it is awaited, a manual clock skips by itself: when nothing else can happen, it moves to
   * its next timer. Rejects with TestHangError when nothing can happen any more, or time goes on and
   * nothing happens; the run is killed then.
   */
  finished(): Promise<Result>;
  /** Call an endpoint of a process: of the root by its path, of one below also by the path from the root. */
  call(path: string, name: string, args?: unknown, options?: EndpointCallOptions): Promise<unknown>;
  /** Send a message to a process or an agent. Resolves when it has taken the message. */
  send(path: string, message: unknown): Promise<void>;
  /** The events of a process or an agent. Throws NoProcError while there is none at the path. */
  events(path: string): ProcessEvents;
  /** The agent at a path. Throws NoProcError while there is none. */
  agent(path: string): Agent;
  /** Describe in lines of text the nodes and what each waits for: for a test that fails. */
  describe(): string;
  /** Stop the run, and wait until nothing of it is left. For `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A program under test cannot go on: nobody in it can do anything, or time goes on for nothing. */
export class TestHangError extends RamureError {
  readonly code = "test-hang";
  constructor(
    path: string,
    hangMs: number,
    /** The nodes of the run and their waits. */
    readonly description: string,
  ) {
    super(
      `${path} does not end: nothing has happened in it for ${hangMs} ms (hangMs), however far its clock was moved.\n${description}`,
    );
  }
}

const optionKinds: OptionKinds<TestRunOptions> = {
  script: "any",
  clock: "object",
  harness: "object",
  hangMs: "number",
};

const defaultHangMs = 3_000;

/**
 * Run a program, unchanged, with scripted agents and a clock that the test moves.
 *
 * Resolves when the root process has been started. Files and sockets are real, and take real time:
 * before you advance the clock by hand, wait for the event that says how far the program is. The run
 * has a home of its own, in a temporary directory that is gone when `finished()` settles; what a test
 * left whose process was killed goes at the next process's first testRun.
 *
 * @example
 * import { agentProcess, sleep } from "ramure";
 * import { testRun } from "ramure/testing";
 *
 * const nap = agentProcess(async function nap() {
 *   await sleep(3_600_000);
 *   return "rested";
 * });
 *
 * await using run = await testRun(nap, []);
 * console.log(await run.finished()); // The hour takes no time.
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
  return (await openTestRun(process, args, options)).run;
}

/** Start a program under test as `testRun` does. Gives its runtime, too; `onRecord` hears what happens in it. */
export async function openTestRun<
  Args extends readonly unknown[],
  Result,
  Shape extends ContractShape,
  C extends Clock = ManualClock,
>(
  process: AgentProcess<Args, Result, Shape>,
  args: Args,
  options: TestRunOptions<C>,
  onRecord?: RunSetting["onRecord"],
): Promise<{ readonly run: TestRun<Result, Shape, C>; readonly runtime: StartedRun["runtime"] }> {
  checkOptions("testRun()", options, optionKinds);
  const outside = new OutsideWorld();
  const clock = (options.clock ?? manualClock()) as C;
  const harness = options.harness ?? scriptedHarness(options.script ?? {});
  const definition = definitionOf(process);
  const home = await makeTestHome();
  const clean = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const run = await openRun(
      { ...definition, options: { ...definition.options, clock, harness } },
      args,
      { env: { ...globalThis.process.env, RAMURE_HOME: home }, onRecord },
    );
    const over = run.finished.finally(clean) as Promise<Result>;
    over.catch(() => {});
    const { hangMs = defaultHangMs } = options;
    const parts = { ...run, clock, over, hangMs, outside };
    return { run: new ProgramUnderTest<Result, Shape, C>(parts), runtime: run.runtime };
  } catch (error) {
    await clean();
    throw error;
  }
}

interface Parts<Result, C extends Clock> extends StartedRun {
  readonly clock: C;
  readonly over: Promise<Result>;
  readonly hangMs: number;
  readonly outside: OutsideWorld;
}

class ProgramUnderTest<Result, Shape extends ContractShape, C extends Clock>
  implements TestRun<Result, Shape, C>
{
  readonly handle: ProcessHandle<Result, Shape>;
  readonly clock: C;
  readonly #parts: Parts<Result, C>;
  readonly #skip: TimeSkip | undefined;
  #hang: TestHangError | undefined;

  constructor(parts: Parts<Result, C>) {
    const { root, runtime, clock, hangMs, outside } = parts;
    this.handle = handleOf(root);
    this.clock = clock;
    this.#parts = parts;
    if (!isManual(clock)) return;
    const progress = (): number => runtime.journal.lastSeq;
    this.#skip = new TimeSkip({ clock, outside, progress, hangMs });
  }

  // Tests take these out of the run: `const { finished } = await testRun(…)`.
  readonly finished = (): Promise<Result> => {
    const { over } = this.#parts;
    const skip = this.#skip;
    if (skip === undefined) return over;
    const ended = over.catch((error: unknown) => {
      throw this.#hang ?? error;
    });
    ended.catch(() => {});
    return new Awaited(ended, () => void this.#skipTo(skip, over));
  };

  readonly call = (
    path: string,
    name: string,
    args?: unknown,
    options: EndpointCallOptions = {},
  ): Promise<unknown> => {
    return handleOf(this.#record(path)).call(name, args, options);
  };

  readonly send = async (path: string, message: unknown): Promise<void> => {
    const found = this.#parts.runtime.directory.get(this.#full(path));
    if (found === undefined) throw new NoProcError(this.#full(path));
    await found.send(message);
  };

  readonly events = (path: string): ProcessEvents => {
    const agent = this.#findAgent(path);
    return agent === undefined ? handleOf(this.#record(path)).events : agent.events;
  };

  readonly agent = (path: string): Agent => {
    const found = this.#findAgent(path);
    if (found === undefined) throw new NoProcError(this.#full(path));
    return found;
  };

  readonly describe = (): string => {
    if (this.#hang !== undefined) return this.#hang.description;
    const { root, runtime, clock } = this.#parts;
    const outside = this.#skip?.outside ?? [];
    const { directory } = runtime;
    return describeRun({ root, directory, clock: isManual(clock) ? clock : undefined, outside });
  };

  async [Symbol.asyncDispose](): Promise<void> {
    const { runtime, over } = this.#parts;
    void runtime.stop("its test ended");
    if (this.#skip !== undefined) await this.#skipTo(this.#skip, over);
    await over.catch(() => {});
  }

  /** Skip time until the run is over; one that hangs is killed. */
  async #skipTo(skip: TimeSkip, over: Promise<unknown>): Promise<void> {
    if ((await skip.until(over)) === "over") return;
    const { root, runtime, hangMs } = this.#parts;
    this.#hang ??= new TestHangError(root.path, hangMs, this.describe());
    await runtime.kill();
  }

  #full(path: string): string {
    const { root } = this.#parts;
    return path.startsWith("/") ? path : `${root.path}/${path}`;
  }

  #record(path: string): ProcessRecord {
    const found = this.#find(this.#full(path));
    if (found === undefined) throw new NoProcError(this.#full(path));
    return found;
  }

  #findAgent(path: string): Agent | undefined {
    const full = this.#full(path);
    const cut = full.lastIndexOf("/");
    return this.#find(full.slice(0, cut))?.agents.get(full.slice(cut + 1));
  }

  #find(full: string): ProcessRecord | undefined {
    const { root } = this.#parts;
    if (full === root.path) return root;
    if (!full.startsWith(`${root.path}/`)) return undefined;
    const names = full.slice(root.path.length + 1).split("/");
    return names.reduce<ProcessRecord | undefined>((at, name) => at?.children.get(name), root);
  }
}

function isManual(clock: Clock): clock is ManualClock {
  return "nextDue" in clock && "advance" in clock;
}
