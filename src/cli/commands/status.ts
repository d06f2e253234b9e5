import type { RunStatus } from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";
import type { EndedRun } from "../ended-run.ts";
import { endText, measureFor } from "../print/index.ts";

export const statusCommand = command({
  words: "status [run]",
  describe: "Show a run's tree: processes, agents, machines",
  options: (yargs) =>
    yargs
      .positional("run", { type: "string", describe: "The beginning of the run's id" })
      .option("path", { alias: "p", type: "string", describe: "Only this node and those below" })
      .option("all", {
        alias: "a",
        type: "boolean",
        describe: "Show all finished children and all connections",
      })
      .option("wide", { type: "boolean", describe: "Do not cut lines at the terminal's width" })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (cli, args) => {
    const ended = await cli.endedRun(args.run);
    const status = await (ended
      ? statusOfEnded(ended, args.path)
      : cli.withRun((run) => run.status(args.path), { named: args.run }));
    if (args.json) return await cli.printJson(status);
    if (ended) await cli.say(endText(ended.outcome));
    const { statusReport } = await import("../print/status-report.ts");
    const look = args.wide ? { ...cli.look, columns: Number.POSITIVE_INFINITY } : cli.look;
    const most = args.all ? Number.POSITIVE_INFINITY : undefined;
    const measure = await measureFor(status);
    await cli.print(...statusReport(status, { look, measure, finished: most, connections: most }));
  },
});

async function statusOfEnded(run: EndedRun, to: string | undefined): Promise<RunStatus> {
  const { endedStatus } = await import("../ended-run.ts");
  return await endedStatus(run, to);
}
