import { command } from "./command.ts";

export const statusCommand = command({
  words: "status [run]",
  describe: "Show a run's tree: processes, agents, machines",
  options: (yargs) =>
    yargs
      .positional("run", { type: "string", describe: "The beginning of the run's id" })
      .option("path", { alias: "p", type: "string", describe: "Only this node and those below" })
      .option("all", { alias: "a", type: "boolean", describe: "Show all finished children" })
      .option("wide", { type: "boolean", describe: "Do not cut lines at the terminal's width" })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (session, args) => {
    const status = await session.withRun((run) => run.status(args.path), { named: args.run });
    if (args.json) return await session.printJson(status);
    const { statusReport } = await import("./status-report.ts");
    const look = args.wide ? { ...session.look, columns: Number.POSITIVE_INFINITY } : session.look;
    const finished = args.all ? Number.POSITIVE_INFINITY : undefined;
    await session.print(...statusReport(status, { look, finished }));
  },
});
