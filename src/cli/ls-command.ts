import { type ListedRun, systemClock } from "../supervisors/runtime/control-protocol.ts";
import { command } from "./command.ts";
import { duration } from "./durations.ts";
import { printable } from "./terminal.ts";

export const lsCommand = command({
  words: "ls",
  describe: "List the runs that are live",
  options: (yargs) => yargs.option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (session, args) => {
    const runs = await session.runs();
    const live = runs.filter((run) => run.liveness !== "dead");
    if (args.json) {
      return await session.printJson({
        schema: 1,
        runs: live.map(({ record, liveness }) => ({ ...record, liveness })),
      });
    }
    for (const { record } of runs.filter((run) => run.liveness === "dead")) {
      await session.say(`Run ${record.id} ended without cleaning up (pid ${record.pid} is gone).`);
    }
    if (live.length === 0) return await session.say("No live runs.");
    await session.print(...(await tableOf(live, session.look.columns)));
  },
});

async function tableOf(runs: readonly ListedRun[], columns: number): Promise<readonly string[]> {
  const { lineUp } = await import("./columns.ts");
  const now = systemClock.wallNow();
  const rows = runs.map(({ record, liveness }) => [
    record.id,
    printable(record.program),
    duration(now - record.startedAt),
    String(record.pid),
    liveness === "live" ? "live" : "not answering",
  ]);
  const table = [["ID", "PROGRAM", "UP", "PID", "STATE"], ...rows];
  return lineUp(
    table.map((row) => row.map((text) => ({ text }))),
    { columns, ellipsis: "…" },
  );
}
