import { homeLayout, type ListedRun, systemClock } from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";
import type { Invocation } from "../invocation.ts";
import {
  age,
  duration,
  type Look,
  measureFor,
  outcomeText,
  printable,
  type RunOutcome,
} from "../print/index.ts";

export const lsCommand = command({
  words: "ls",
  describe: "List the runs that are live",
  options: (yargs) =>
    yargs
      .option("all", { alias: "a", type: "boolean", describe: "Those that have ended, too" })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (cli, args) => {
    const runs = await cli.runs();
    const live = runs.filter((run) => run.liveness !== "dead").map(liveRun);
    const ended = args.all ? await endedOf(cli, runs) : [];
    const listed = [...ended, ...live];
    if (args.json) return await cli.printJson({ schema: 1, runs: listed });
    for (const { record } of runs.filter((run) => run.liveness === "dead")) {
      await cli.say(`Run ${record.id} ended without cleaning up (pid ${record.pid} is gone).`);
    }
    if (live.length === 0 && !args.all) await cli.say("No live runs.");
    if (listed.length === 0 && args.all) await cli.say("No runs.");
    if (listed.length > 0) await cli.print(...(await tableOf(listed, cli.look)));
  },
});

/** One line of the list; an ended run has its end. */
interface Row {
  readonly id: string;
  readonly program: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly outcome?: RunOutcome | undefined;
  readonly logDir: string;
  readonly state: "live" | "not-answering" | "ended";
}

function liveRun({ record, liveness }: ListedRun): Row {
  const { id, program, pid, startedAt, logDir } = record;
  const state = liveness === "live" ? "live" : "not-answering";
  return { id, program, pid, startedAt, logDir, state };
}

async function endedOf(cli: Invocation, runs: readonly ListedRun[]): Promise<readonly Row[]> {
  const { endedRuns } = await import("../ended-run.ts");
  const alive = runs.filter((run) => run.liveness !== "dead").map((run) => run.record);
  const ended = await endedRuns(homeLayout(cli.env), alive);
  return ended.map((run) => ({ ...run, state: "ended" }));
}

async function tableOf(rows: readonly Row[], look: Look): Promise<readonly string[]> {
  const { lineUp } = await import("../print/columns.ts");
  const now = systemClock.wallNow();
  const table = [
    ["ID", "PROGRAM", "FOR", "PID", "STATE"],
    ...rows.map(({ id, program, startedAt, endedAt, pid, state, outcome }) => [
      id,
      printable(program),
      duration((endedAt ?? now) - startedAt),
      pid === 0 ? "" : String(pid),
      endedAt === undefined
        ? state
        : `${outcome ? outcomeText(outcome) : state} ${age(now - endedAt)} ago`,
    ]),
  ];
  return lineUp(
    table.map((row) => row.map((text) => ({ text }))),
    {
      columns: look.columns,
      ellipsis: look.unicode ? "…" : "...",
      measure: await measureFor(rows),
    },
  );
}
