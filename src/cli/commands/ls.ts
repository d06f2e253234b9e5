import {
  homeLayout,
  isFinished,
  type ListedRun,
  printable,
  systemClock,
} from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";
import { connectControl } from "../control-client.ts";
import type { Invocation } from "../invocation.ts";
import {
  age,
  costText,
  duration,
  type Look,
  measureFor,
  outcomeText,
  type RunOutcome,
} from "../print/index.ts";

export const lsCommand = command({
  words: "ls",
  describe: "List the runs that are live",
  aliases: ["ps", "list"],
  options: (yargs) =>
    yargs
      .option("all", { alias: "a", type: "boolean", describe: "Those that have ended, too" })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (cli, args) => {
    const runs = await cli.runs();
    const live = await Promise.all(runs.filter((run) => run.liveness !== "dead").map(liveRun));
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
interface RunRow {
  readonly id: string;
  readonly program: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly endedAt?: number | undefined;
  readonly outcome?: RunOutcome | undefined;
  readonly logDir: string;
  readonly state: "live" | "not-answering" | "ended";
  /** The name of the root process, and what it works on. */
  readonly root?: string | undefined;
  readonly summary?: string | undefined;
  /** Agents that live. Absent: the run has ended, or does not answer. */
  readonly living?: number | undefined;
  readonly agents?: number | undefined;
  readonly cost?: number | undefined;
}

const patienceMs = 1_000;

async function liveRun({ record, liveness }: ListedRun): Promise<RunRow> {
  const { id, program, pid, startedAt, logDir, socket } = record;
  const known = { id, program, pid, startedAt, logDir };
  if (liveness !== "live") return { ...known, state: "not-answering" };
  return { ...known, state: "live", ...(await factsAt(socket)) };
}

/** A run that is too busy to say how it is, is listed all the same. */
async function factsAt(socket: string): Promise<Partial<RunRow>> {
  try {
    const client = await connectControl(socket);
    try {
      const { run, nodes } = await client.status(undefined, { timeoutMs: patienceMs });
      const [root] = nodes;
      const agents = nodes.filter(({ kind }) => kind === "agent");
      return {
        root: root?.path.slice(1),
        summary: root?.summary,
        living: agents.filter(({ state }) => !isFinished(state)).length,
        agents: run.agents ?? agents.length,
        cost: run.cost,
      };
    } finally {
      client.close();
    }
  } catch {
    return {};
  }
}

async function endedOf(cli: Invocation, runs: readonly ListedRun[]): Promise<readonly RunRow[]> {
  const { endedRuns } = await import("../ended-run.ts");
  const alive = runs.filter((run) => run.liveness !== "dead").map((run) => run.record);
  const ended = await endedRuns(homeLayout(cli.env), alive);
  return ended.map((run) => ({ ...run, state: "ended" }));
}

const heads = ["ID", "ROOT", "STATE", "FOR", "AGENTS", "COST", "PROGRAM", "SUMMARY"];

async function tableOf(rows: readonly RunRow[], look: Look): Promise<readonly string[]> {
  const { lineUp } = await import("../print/columns.ts");
  const now = systemClock.wallNow();
  const table = [heads, ...rows.map((row) => wordsOf(row, now))];
  // A column that says nothing of any run would only push the others out.
  const used = heads.map((_, index) => table.slice(1).some((row) => row[index] !== ""));
  return lineUp(
    table.map((row) => row.filter((_, index) => used[index]).map((text) => ({ text }))),
    {
      columns: look.columns,
      ellipsis: look.unicode ? "…" : "...",
      measure: await measureFor(rows),
    },
  );
}

function wordsOf(row: RunRow, now: number): readonly string[] {
  const { id, root = "", state, startedAt, endedAt, agents, living, cost, program } = row;
  const ended = row.outcome ? outcomeText(row.outcome) : state;
  const counted = living === undefined ? String(agents ?? "") : `${living}/${agents ?? living}`;
  return [
    printable(id),
    printable(root),
    endedAt === undefined ? state : `${ended} ${age(now - endedAt)} ago`,
    duration((endedAt ?? now) - startedAt),
    agents === 0 ? "" : counted,
    costText(cost),
    printable(program),
    printable(row.summary ?? ""),
  ];
}
