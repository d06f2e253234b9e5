import { readlinkSync } from "node:fs";
import {
  type Asker,
  homeLayout,
  type ListedRun,
  listRuns,
  printable,
  printableJson,
  type RunRecord,
  systemClock,
} from "../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "./cli-error.ts";
import { type ControlClient, connectControl } from "./control-client.ts";
import type { EndedRun } from "./ended-run.ts";
import { age, type Env, type Look, lookOf, write } from "./print/index.ts";

/** The options that every command has. */
export interface GlobalOptions {
  readonly id?: string | undefined;
  readonly debug?: boolean | undefined;
  readonly color?: boolean | undefined;
  readonly asPerson?: boolean | undefined;
}

/** The things that a command has at hand. */
export class Invocation {
  readonly env: Env;
  readonly options: GlobalOptions;
  #runs: Promise<readonly ListedRun[]> | undefined;

  constructor(env: Env, options: GlobalOptions) {
    this.env = env;
    this.options = options;
  }

  get look(): Look {
    return lookOf(this.env, process.stdout, this.options);
  }

  /** Print data. */
  async print(...lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await write(process.stdout, `${lines.join("\n")}\n`);
  }

  async printJson(value: unknown): Promise<void> {
    await this.print(printableJson(value, 2));
  }

  /** Say something beside the data. */
  async say(text: string): Promise<void> {
    await write(process.stderr, `${printable(text)}\n`);
  }

  /** The runs that have a record, as they are now. */
  runs(): Promise<readonly ListedRun[]> {
    return listRuns(homeLayout(this.env));
  }

  /** Use a connection to the run that is meant, and close it. */
  async withRun<Result>(
    use: (run: ControlClient, record: RunRecord) => Promise<Result>,
    options: {
      /** Goes before `--id`. */
      readonly named?: string | undefined;
      /** True for a request that is meant to take long: nobody is told that it does. */
      readonly follows?: boolean | undefined;
      /** The act of the command on the run, as `stop`; absent: the command only reads. */
      readonly acts?: string | undefined;
    } = {},
  ): Promise<Result> {
    const record = pickRun(await this.#listed(), this.prefix(options.named));
    if (options.acts !== undefined) this.#refuseInside(record, options.acts);
    const client = await connectControl(record.socket, this.#asker());
    const slow = systemClock.setTimer(1_000, () => {
      if (options.follows !== true) this.#sayWaiting(record);
    });
    try {
      return await use(client, record);
    } finally {
      slow.cancel();
      client.close();
    }
  }

  /** Give the beginning of the wanted run's id; undefined: the only live run. */
  prefix(named?: string | undefined): string | undefined {
    return named ?? this.options.id ?? this.env.RAMURE_RUN;
  }

  /**
   * Find the ended run that is meant: one whose id begins so, while no live one's does; without an
   * id the last one, where none is live.
   *
   * Undefined when a live one is meant, or nothing that is known.
   */
  async endedRun(named?: string | undefined): Promise<EndedRun | undefined> {
    const prefix = this.prefix(named);
    const runs = await this.#listed();
    const alive = runs.filter((run) => run.liveness !== "dead").map((run) => run.record);
    if (prefix === undefined) return alive.length > 0 ? undefined : await this.#lastRun();
    const fits = ({ id }: { readonly id: string }) => id.startsWith(prefix);
    if (alive.some(fits)) return undefined;
    const { endedRun, endedRuns } = await import("./ended-run.ts");
    const died = runs.map((run) => run.record).find(fits);
    if (died) return await endedRun(died.id, died.logDir);
    const [found, another] = (await endedRuns(homeLayout(this.env), alive)).filter(fits);
    if (!another) return found;
    throw new CliError(`Several ended runs begin with ${prefix}.`, {
      exitCode: exitCodes.ambiguous,
      todo: "Give more of the id; ramure ls --all lists them.",
    });
  }

  /** Tell whether the id of some run begins so, live or ended. */
  async knowsRun(prefix: string): Promise<boolean> {
    const { readdir } = await import("node:fs/promises");
    const logged = await readdir(homeLayout(this.env).logs).catch((): string[] => []);
    const known = (await this.#listed()).map(({ record }) => record.id);
    return [...known, ...logged].some((id) => id.startsWith(prefix));
  }

  /** The runs as they were when this command first looked: each is asked whether it lives. */
  #listed(): Promise<readonly ListedRun[]> {
    this.#runs ??= this.runs();
    return this.#runs;
  }

  /**
   * Keep what a run has started from acting on that run as a person would.
   *
   * The mark is in the environment of all that agents and machines of a run start. A program that
   * removes the mark is not kept from anything: it runs as the same user.
   */
  #refuseInside({ id, program }: RunRecord, verb: string): void {
    if (this.env.RAMURE_RUN !== id || this.options.asPerson === true) return;
    throw new CliError(
      `ramure ${verb} is not for what run ${id} (${program}) has started itself.`,
      {
        exitCode: exitCodes.refused,
        why: `RAMURE_RUN says that this is such a process: an agent's, or a shell on its machine. It may look (status, ls, logs, events), and act on any other run.`,
        todo: "A person at this terminal adds --as-person.",
      },
    );
  }

  #asker(): Asker {
    const { pid, ppid: parent } = process;
    const { RAMURE_RUN: run, RAMURE_LAUNCH: launch } = this.env;
    return { pid, parent, terminal: terminalName(), run, launch, asPerson: this.options.asPerson };
  }

  async #lastRun(): Promise<EndedRun | undefined> {
    const { lastRun } = await import("./ended-run.ts");
    const run = await lastRun(homeLayout(this.env));
    if (run === undefined) return undefined;
    const ago = age(systemClock.wallNow() - run.endedAt);
    await this.say(`There is no live run. The last one is ${run.id} (${run.program}), ${ago} ago.`);
    return run;
  }

  #sayWaiting(record: RunRecord): void {
    if (process.stderr.isTTY) void this.say(`Waiting for run ${record.id} (pid ${record.pid}) …`);
  }
}

/** The file of the terminal that this was typed at, where the system tells. */
function terminalName(): string | undefined {
  if (!process.stdin.isTTY) return undefined;
  try {
    return readlinkSync("/proc/self/fd/0");
  } catch {
    return "unknown";
  }
}

/** Choose the run whose id begins so; without a prefix, the only live one. Throws CliError. */
function pickRun(runs: readonly ListedRun[], prefix: string | undefined): RunRecord {
  const fitting = runs.filter(({ record }) => record.id.startsWith(prefix ?? ""));
  const exact = fitting.filter(({ record }) => record.id === prefix);
  const live = (exact.length > 0 ? exact : fitting).filter((run) => run.liveness === "live");
  const [chosen, another] = live;
  if (another) throw severalRuns(live, prefix);
  if (chosen) return chosen.record;
  const [lost] = fitting;
  throw lost && (prefix !== undefined || lost.liveness === "silent")
    ? notAnswering(lost)
    : noRun(runs, prefix);
}

function severalRuns(runs: readonly ListedRun[], prefix: string | undefined): CliError {
  const ids = runs.map(({ record }) => `${record.id} (${record.program})`);
  return new CliError(prefix ? `Several runs begin with ${prefix}.` : "Several runs are live.", {
    exitCode: exitCodes.ambiguous,
    why: `They are ${ids.slice(0, 10).join(", ")}.`,
    todo: "Choose one with --id and the beginning of its id.",
  });
}

function noRun(runs: readonly ListedRun[], prefix: string | undefined): CliError {
  const live = runs.filter((run) => run.liveness === "live").map(({ record }) => record.id);
  return new CliError(prefix ? `No live run begins with ${prefix}.` : "There is no live run.", {
    exitCode: exitCodes.notFound,
    why: live.length > 0 ? `Live are ${live.slice(0, 10).join(", ")}.` : undefined,
    todo:
      live.length > 0
        ? "Choose one of them with --id."
        : "Start a program that uses ramure. ramure ls --all lists the runs that have ended; --id ID shows one by status, logs and events.",
  });
}

function notAnswering({ record, liveness }: ListedRun): CliError {
  const { id, pid, program, socket } = record;
  if (liveness === "dead") {
    return new CliError(`The run ${id} (${program}) has ended without cleaning up.`, {
      exitCode: exitCodes.notAnswering,
      why: `Its process ${pid} is gone; its socket ${socket} is stale.`,
      todo: "ramure gc, or the next run, removes what it left; its log is still there: ramure ls --all.",
    });
  }
  return new CliError(`The run ${id} (${program}) is not answering.`, {
    exitCode: exitCodes.notAnswering,
    why: `Its process ${pid} lives, but nothing listens at ${socket}.`,
    todo: `It may be starting or stopping; try again, or end it with kill ${pid}.`,
  });
}
