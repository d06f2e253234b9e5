import { type Clock, systemClock } from "../clock.ts";
import type { Behavior, MailboxOptions, SpawnOptions } from "./behavior.ts";
import { Cell } from "./cell.ts";
import { CellContext } from "./cell-context.ts";
import { type DeadLetter, DeadLetters } from "./dead-letters.ts";
import { Deadlines } from "./deadlines.ts";
import { errorExit } from "./exit-reason.ts";
import { Groups } from "./groups.ts";
import type { CrashReport, Kernel } from "./kernel.ts";
import { Logs } from "./logs.ts";
import { Names } from "./names.ts";
import { notice } from "./notices.ts";
import { CellRef } from "./refs.ts";
import { Scheduler } from "./scheduler.ts";
import { countFenced } from "./scope.ts";
import { runTurn } from "./turn.ts";

export interface SystemOptions {
  /** The source of time. Default: the machine's own clock. */
  readonly clock?: Clock | undefined;
  /** The mailbox of an actor whose options have none. Default: no bound. */
  readonly mailbox?: MailboxOptions | undefined;
  /** Called for every crash. An error that it throws is dropped. Default: no report. */
  readonly onCrash?: ((report: CrashReport) => void) | undefined;
  /** Called for the first few dead letters of each second. Default: no report. */
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
  /** Removes secrets from states and messages before they enter a crash report. Default: nothing is removed. */
  readonly redact?: ((value: unknown) => unknown) | undefined;
  /** The time in ms after which a handler that holds the thread makes a `loop-blocked` event. Default: 200. */
  readonly loopBlockedMs?: number | undefined;
}

const defaultBlockedMs = 200;

/** Make the parts that all actors of one system share. */
export function makeKernel(options: SystemOptions): Kernel<Cell> {
  const clock = options.clock ?? systemClock;
  const deadLetters = new DeadLetters(clock, options.onDeadLetter ?? (() => undefined));
  const scheduler = new Scheduler<Cell>({
    run: runTurn,
    onBlocked: (cell, ms) => notice(cell, "loop-blocked", { forMs: Math.round(ms) }),
    blockedMs: options.loopBlockedMs ?? defaultBlockedMs,
  });
  let pid = 0;
  return {
    clock,
    scheduler,
    deadLetters,
    names: new Names(),
    groups: new Groups(),
    deadlines: new Deadlines(clock, { lingering: true }),
    stopDeadlines: new Deadlines(clock),
    logs: new Logs(clock),
    orphans: new Set(),
    reaping: new Set(),
    mailbox: options.mailbox ?? {},
    nextPid: () => {
      pid += 1;
      return pid;
    },
    equip,
    crashed: (cell, error) => reportCrash(options, cell, error),
    answeredLate: (cell) => {
      if (cell.status === "ended") countFenced(cell, "reply");
      else notice(cell, "late-reply", {});
    },
    abortFailed: (cell, error) =>
      notice(cell, "abort-callback-failed", { message: errorExit(error).message }),
  };
}

function equip(cell: Cell): void {
  cell.ref = new CellRef(cell);
  cell.context = new CellContext(cell);
}

function reportCrash({ onCrash, redact }: SystemOptions, cell: Cell, error: unknown): void {
  if (onCrash === undefined) return;
  const { path, pid, epoch, state, current } = cell;
  const shown = redact ?? ((value: unknown) => value);
  try {
    onCrash({ path, pid, epoch, error, state: shown(state), message: shown(current) });
  } catch {
    // An error in the reporter must not harm the actor.
  }
}

/** Make the root: an actor that handles no message and is the parent of all others. */
export function makeRoot(kernel: Kernel<Cell>): Cell {
  const behavior: Behavior<unknown, unknown> = { init: () => "root", receive: (state) => state };
  const options: SpawnOptions<never> = { kind: "root", shutdownMs: "infinity" };
  const site = { name: "", path: "", epoch: 1, parent: undefined, home: undefined };
  const root = new Cell({ kernel, behavior, options, ...site });
  equip(root);
  kernel.scheduler.ready(root);
  return root;
}
