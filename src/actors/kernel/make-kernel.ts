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
  /** Where time comes from. Default: the machine's own. */
  readonly clock?: Clock | undefined;
  /** For actors that say nothing of their mailbox. Default: no bound. */
  readonly mailbox?: MailboxOptions | undefined;
  /** Hears of every crash. Whatever it throws is dropped. Default: nobody does. */
  readonly onCrash?: ((report: CrashReport) => void) | undefined;
  /** Hears of the first few dead letters a second. Default: nobody does. */
  readonly onDeadLetter?: ((letter: DeadLetter) => void) | undefined;
  /** Takes secrets out of states and messages before anybody reads them in a crash report. */
  readonly redact?: ((value: unknown) => unknown) | undefined;
  /** A handler that holds the thread for longer gets a `loop-blocked` event. Default: 200. */
  readonly loopBlockedMs?: number | undefined;
}

const defaultBlockedMs = 200;

/** Make what all actors of one system share. */
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
    deadlines: new Deadlines(clock),
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
    // The one who logs must not harm the one who crashed.
  }
}

/** The root is an actor that handles nothing: it is there to be the parent of all. */
export function makeRoot(kernel: Kernel<Cell>): Cell {
  const behavior: Behavior<unknown, unknown> = { init: () => "root", receive: (state) => state };
  const options: SpawnOptions<never> = { kind: "root", shutdownMs: "infinity" };
  const site = { name: "", path: "", epoch: 1, parent: undefined, home: undefined };
  const root = new Cell({ kernel, behavior, options, ...site });
  equip(root);
  kernel.scheduler.ready(root);
  return root;
}
