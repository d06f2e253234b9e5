import { type RunRecord, systemClock, verbs } from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";
import { type ControlClient, connectControl } from "../control-client.ts";
import type { Invocation } from "../invocation.ts";
import { age, endOf, outcomeText } from "../print/index.ts";

export const stopCommand = command({
  words: "stop [run]",
  describe: "Stop a run and everything in it, and wait for its end",
  aliases: ["kill"],
  options: (yargs) =>
    yargs
      .positional("run", { type: "string", describe: "The beginning of the run's id" })
      .option("kill", {
        type: "boolean",
        default: false,
        describe: "Do not let it clean up",
      })
      .option("wait", {
        type: "boolean",
        default: true,
        describe: "--no-wait: do not wait for its end",
      }),
  run: async (cli, args) => {
    const record = await cli.withRun(
      async (run, asked) => {
        await run.request(verbs.runStop, { kill: args.kill });
        if (args.wait) await run.closed;
        return asked;
      },
      { named: args.run, acts: "stop" },
    );
    const { id } = record;
    if (args.wait) await cli.print(`Run ${id} has ended${await endText(cli, record)}.`);
    else await cli.print(`Run ${id} is ${args.kill ? "killed" : "stopping"}.`);
  },
});

/** Wait for the run's end; a connection that was only idle for too long is opened again. */
async function endText(cli: Invocation, record: RunRecord): Promise<string> {
  for (let run = await liveRun(cli, record); run; run = await liveRun(cli, record)) {
    await run.closed;
  }
  const end = await endOf(`${record.logDir}/runtime.jsonl`).catch(() => undefined);
  if (end === undefined) return "";
  const took = age(systemClock.wallNow() - record.startedAt);
  return ` (${outcomeText(end.outcome)}), ${took} after its start`;
}

async function liveRun(cli: Invocation, { id }: RunRecord): Promise<ControlClient | undefined> {
  const runs = await cli.runs();
  const found = runs.find(({ record, liveness }) => record.id === id && liveness === "live");
  return found && (await connectControl(found.record.socket).catch(() => undefined));
}
