import { verbs } from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";

export const stopCommand = command({
  words: "stop [run]",
  describe: "Stop a run and everything in it",
  options: (yargs) =>
    yargs
      .positional("run", { type: "string", describe: "The beginning of the run's id" })
      .option("kill", {
        type: "boolean",
        default: false,
        describe: "Do not wait for it to clean up",
      }),
  run: async (cli, args) => {
    await cli.withRun(
      async (run, { id }) => {
        await run.request(verbs.runStop, { kill: args.kill });
        await cli.print(`Run ${id} is ${args.kill ? "killed" : "stopping"}.`);
      },
      { named: args.run },
    );
  },
});
