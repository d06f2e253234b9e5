import { join, relative, resolve } from "node:path";
import type { TcpAddress } from "../../actors/agent/bridge/index.ts";
import { piHarness } from "../../actors/agent/pi/index.ts";
import { systemClock } from "../../actors/clock.ts";
import { createRedaction } from "../../actors/data/index.ts";
import { type JournalRecord, openJournal, setJournalAside } from "../../actors/journal/index.ts";
import { errorExit } from "../../actors/kernel/index.ts";
import { idsOf } from "../../ids.ts";
import { type ControlServer, openControlServer } from "../control/index.ts";
import {
  homeLayout,
  keepRunRecord,
  prepareHome,
  type ReapedRun,
  recordOf,
  removeRunRecord,
  runPaths,
  takeLogDirectory,
  writeRunRecord,
} from "../home/index.ts";
import {
  leave,
  type ProcessDefinition,
  type ProcessRecord,
  type RootOptions,
} from "../process/index.ts";
import { LiveRun } from "./live-run.ts";
import { reapOthers, sayLeft } from "./reap-others.ts";
import { secretsOf } from "./run-harness.ts";
import { failureReport, reportExit, reportKill, reportStart, reportStop } from "./run-report.ts";
import { servedRun } from "./served-run.ts";
import { onStopRequests, onUncaughtFailure } from "./signals.ts";

const newRunId = idsOf(10);

/** A run that was started. */
export interface StartedRun {
  readonly runtime: LiveRun;
  readonly root: ProcessRecord;
  /** Settles like the root process, when nothing of the run is left. */
  readonly finished: Promise<unknown>;
}

/** Run a process as the root of a new run, and leave nothing behind. */
export async function startRun(
  definition: ProcessDefinition,
  args: readonly unknown[],
): Promise<unknown> {
  const { finished, runtime } = await openRun(definition, args, { env: process.env });
  reportStart(runtime);
  try {
    return await finished;
  } catch (error) {
    const { id, logDir } = runtime;
    const isAtHome = logDir === join(homeLayout(process.env).logs, id);
    const report = failureReport(error, { id, logDir, isAtHome });
    onUncaughtFailure(error, runtime.redaction.text(report));
    throw error;
  }
}

/** The surroundings of a run. */
export interface RunSetting {
  /** Says where its home is. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with each record that its journal took. Default: not called. */
  readonly onRecord?: ((record: JournalRecord, seq: number) => void) | undefined;
}

/** Start a run. */
export async function openRun(
  definition: ProcessDefinition,
  args: readonly unknown[],
  setting: RunSetting,
): Promise<StartedRun> {
  return await leave(async () => {
    const closers: (() => Promise<void> | void)[] = [];
    try {
      const runtime = await openRuntime(definition, setting, closers);
      const root = runtime.start(definition, args);
      return { runtime, root, finished: finish(root, closers) };
    } catch (error) {
      await closeAll(closers);
      throw error;
    }
  });
}

async function openRuntime(
  { name: root, options }: ProcessDefinition,
  { env, onRecord }: RunSetting,
  closers: (() => Promise<void> | void)[],
): Promise<LiveRun> {
  const clock = options.clock ?? systemClock;
  const id = newRunId();
  const layout = await prepareHome(env);
  const paths = await runPaths(layout, id);
  // Resolved once: a reader of the record may have another working directory than this program.
  const logDir = options.logDir === undefined ? paths.logDir : resolve(options.logDir);
  const program = relative(process.cwd(), process.argv[1] ?? process.execPath);
  const redaction = createRedaction(secretsOf(process.env));
  const facts = { id, program, startedAt: clock.wallNow() };
  const record = await recordOf(paths, { ...facts, logDir });
  const owned = await takeLogDirectory(record);
  closers.push(() => owned.release(clock.wallNow()));
  const file = `${logDir}/runtime.jsonl`;
  // What stands there is of a run before this one, whose record may not be known.
  await setJournalAside(file, owned.earlier ?? `before-${id}`);
  const journal = await openJournal({ file, clock, redaction, onRecord });
  const environment = { RAMURE_HOME: layout.home, RAMURE_RUN: id };
  const runtime = new LiveRun({
    id,
    paths,
    logDir,
    clock,
    harness: options.harness ?? piHarness(),
    journal,
    redaction,
    environment,
    tcp: tcpOf(options),
  });
  await writeRunRecord(paths, record);
  let left: ReapedRun["left"] = [];
  closers.push(async () => {
    // What is still there has no other record: it stays for the next reaper.
    if (left.length === 0) await removeRunRecord(paths);
  });
  const { summary } = options;
  await runtime.commit({ type: "run-started", path: "/", data: { ...record, root, summary } });
  await reapOthers(layout, runtime);
  const control: ControlServer = await openControlServer({
    socket: paths.socket,
    run: servedRun(runtime, { ...facts, pid: process.pid, logDir }),
    keep: () => keepRunRecord(paths, record),
  });
  closers.push(
    () => control.close(),
    async () => {
      ({ left } = await runtime.close());
      sayLeft(left);
      await reapOthers(layout, runtime);
    },
  );
  closers.unshift(
    onStopRequests({
      stop: (signal) => {
        reportStop(runtime, signal);
        void runtime.stop(`it was stopped by ${signal}`);
      },
      kill: (signal) => {
        reportKill(runtime, signal);
        void runtime.kill();
      },
      crash: (error) => {
        reportStop(runtime, { error });
        void runtime.stop(`the program crashed: ${errorExit(error).message}`);
      },
      exit: () => reportExit(runtime),
    }),
  );
  return runtime;
}

async function finish(
  root: ProcessRecord,
  closers: (() => Promise<void> | void)[],
): Promise<unknown> {
  try {
    return await root.result();
  } finally {
    await closeAll(closers);
  }
}

/** Last opened, first closed; one that fails keeps no other from closing. */
async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, "The run's end failed in parts.");
}

/** A program that names any of these wants agents to come in by TCP as well. */
function tcpOf({ host, port, baseUrl }: RootOptions): TcpAddress | undefined {
  if (host === undefined && port === undefined && baseUrl === undefined) return undefined;
  return { host: host ?? "127.0.0.1", port: port ?? 0, baseUrl };
}
