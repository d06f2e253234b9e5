import { verbs } from "../../supervisors/runtime/outside.ts";
import { command } from "../command.ts";
import { handOver, needTerminal } from "../terminal-command.ts";

export const connectCommand = command({
  words: "connect <agent>",
  describe: "Attach this terminal to an agent's; C-b d leaves it (in a tmux of yours C-b C-b d)",
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
    const { argv } = await cli.withRun((run) => run.request(verbs.agentAttach, { to, readOnly }));
    needTerminal("ramure connect", argv);
    await handOver(argv);
  },
});
