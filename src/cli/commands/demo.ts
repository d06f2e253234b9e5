import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CliError, exitCodes } from "../cli-error.ts";
import { command } from "../command.ts";
import { handOver } from "../terminal-command.ts";

/** The quick start as one file, built beside the CLI. */
const program = fileURLToPath(new URL("quickstart.mjs", import.meta.url));

export const demoCommand = command({
  words: "demo",
  describe: "Play the quick start: one supervised agent, killed once in mid-work",
  options: (yargs) =>
    yargs
      .option("model", {
        type: "string",
        describe: "provider/id, by your own pi login; none: a script plays the model",
      })
      .option("crash", {
        type: "boolean",
        describe: "Kill pi once, to see it come back; on by itself for the script",
      }),
  run: async (_cli, { model, crash }) => {
    if (!existsSync(program)) throw notBuilt();
    const words = model === undefined ? [] : ["--model", model];
    if (crash !== undefined) words.push(crash ? "--crash" : "--no-crash");
    await handOver([process.execPath, program, ...words]);
  },
});

function notBuilt(): CliError {
  return new CliError("The demo is not built.", {
    exitCode: exitCodes.failed,
    why: `There is no ${program}.`,
    todo: "In a checkout: npm run demo.",
  });
}
