import { isFinished, verbs } from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";
import type { Invocation } from "../invocation.ts";
import { handOver, needTerminal } from "../terminal-command.ts";

export const connectCommand = command({
  words: "connect <agent>",
  describe: "Attach this terminal to an agent's; C-b d leaves it (in a tmux of yours C-b C-b d)",
  aliases: ["attach"],
  options: (yargs) =>
    yargs
      .positional("agent", { type: "string", demandOption: true, describe: "Path, or its end" })
      .option("read-only", {
        alias: "r",
        type: "boolean",
        default: false,
        describe: "Look on without typing",
      }),
  run: async (cli, args) => {
    const { agent: to, readOnly } = args;
    const { path, argv, run } = await cli.withRun(
      async (client, { id }) => ({
        ...(await client.request(verbs.agentAttach, { to, readOnly })),
        run: id,
      }),
      { acts: readOnly ? undefined : "connect" },
    );
    needTerminal("ramure connect");
    await handOver(argv);
    if (process.exitCode === 0) await cli.say(await leftText(cli, path, run));
  },
});

/** Say what one left, and whether it goes on. */
async function leftText(cli: Invocation, path: string, run: string): Promise<string> {
  const state = await cli
    .withRun((client) => client.status(path), { named: run })
    .then(
      ({ nodes }) => nodes[0]?.state ?? "stopped",
      // The run ended while one looked, and the agent with it.
      () => "stopped",
    );
  return isFinished(state) ? `${path} has ended.` : `Left ${path}; it goes on (${state}).`;
}
