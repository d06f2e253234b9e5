import { verbs } from "../../supervisors/runtime/outside.ts";
import { command, wordsAfterDashes } from "../command.ts";
import { handOver, needTerminal } from "../terminal-command.ts";

export const sshCommand = command({
  words: "ssh [target]",
  describe: "Open a shell on a machine, or run the command after -- there",
  options: (yargs) =>
    yargs.positional("target", {
      type: "string",
      describe: "A machine, or an agent for the machine it lives on; none: the only machine",
    }),
  run: async (cli, args) => {
    const words = wordsAfterDashes(args);
    const command = words.length > 0 ? words : undefined;
    const { argv } = await cli.withRun(
      (run) => run.request(verbs.machineShell, { to: args.target, command }),
      { acts: "ssh" },
    );
    if (!command) needTerminal("ramure ssh", "Run it in a terminal, or give a command after --.");
    await handOver(argv);
  },
});
