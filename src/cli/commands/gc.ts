import {
  homeLayout,
  type Leftover,
  loadReaper,
  printable,
  type ReapedRun,
} from "../../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { command } from "../command.ts";
import type { Invocation } from "../invocation.ts";

export const gcCommand = command({
  words: "gc",
  describe: "Remove what runs left that ended without cleaning up",
  options: (yargs) =>
    yargs
      .option("dry-run", {
        alias: "n",
        type: "boolean",
        default: false,
        describe: "Only say what would be removed",
      })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (cli, { dryRun, json }) => {
    if (cli.options.id !== undefined) throw takesNoId();
    const reap = await loadReaper();
    const runs = await reap(homeLayout(cli.env), {
      dryRun,
      far: true,
      onSlow: ({ id }) => void cli.say(`Removing what run ${id} left …`),
    });
    if (json) await cli.printJson({ schema: 1, dryRun, runs });
    else await printRuns(cli, runs, dryRun);
    if (runs.some(({ left }) => left.length > 0)) process.exitCode = exitCodes.failed;
  },
});

function takesNoId(): CliError {
  return new CliError("ramure gc takes no --id.", {
    exitCode: exitCodes.usage,
    todo: "It removes what all runs left that are dead; ramure gc --dry-run says what that is.",
  });
}

async function printRuns(
  cli: Invocation,
  runs: readonly ReapedRun[],
  dryRun: boolean,
): Promise<void> {
  if (runs.length === 0) return await cli.say("Nothing to remove.");
  const done = dryRun ? "would remove" : "removed";
  for (const { id, program, removed, left } of runs) {
    await cli.print(`run ${id}${program === undefined ? "" : `  ${printable(program)}`}`);
    await cli.print(...removed.map((leftover) => lineOf(done, leftover)));
    await cli.print(...left.map((leftover) => lineOf("still there:", leftover)));
  }
}

function lineOf(what: string, { kind, name }: Leftover): string {
  return `  ${what} ${kind.replace("-", " ")} ${printable(name)}`;
}
