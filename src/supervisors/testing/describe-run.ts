import type { ManualClock } from "../../actors/manual-clock.ts";
import type { Addressee, ProcessRecord } from "../process/index.ts";

/** The parts of a run under test that its description is made of. */
interface DescribedRun {
  readonly root: ProcessRecord;
  /** Everyone in the run, by path. */
  readonly directory: ReadonlyMap<string, Addressee>;
  /** The clock, when it is one that tests move. */
  readonly clock: ManualClock | undefined;
  /** The things outside the program that the run waits for, in words. */
  readonly outside: readonly string[];
}

/** Describe in lines of text the nodes, their states, and what each waits for. */
export function describeRun(run: DescribedRun): string {
  const records = new Map(recordsBelow(run.root).map((record) => [record.path, record]));
  const agents = new Map(
    [...records.values()]
      .flatMap(({ agents }) => [...agents.values()])
      .map((one) => [one.path, one]),
  );
  const rows = [...new Set([run.root.path, ...run.directory.keys()])].sort().map((path) => {
    const record = records.get(path);
    if (record !== undefined) return [path, "process", record.state, waitsOf(record)];
    const agent = agents.get(path);
    if (agent !== undefined)
      return [path, "agent", agent.state, agent.state === "idle" ? "waits for a message" : ""];
    return [path, run.directory.get(path)?.kind ?? "", "", ""];
  });
  return [...table(rows), ...clockLines(run.clock), ...outsideLines(run.outside)].join("\n");
}

function recordsBelow(record: ProcessRecord): readonly ProcessRecord[] {
  return [record, ...[...record.children.values()].flatMap(recordsBelow)];
}

function waitsOf({ living }: ProcessRecord): string {
  const waits = living?.waits() ?? [];
  return waits.length === 0 ? "" : `waits for ${waits.join(", ")}`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function clockLines(clock: ManualClock | undefined): readonly string[] {
  if (clock === undefined) return [];
  const { nextDue } = clock;
  const next =
    nextDue === undefined
      ? "no timer is pending"
      : `the next of ${clock.pending} timers is due in ${nextDue - clock.now()} ms`;
  return [`The clock stands at ${clock.now()} ms; ${next}.`];
}

function outsideLines(outside: readonly string[]): readonly string[] {
  return outside.length === 0 ? [] : [`Under way outside: ${outside.join(", ")}.`];
}
