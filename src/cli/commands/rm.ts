import {
  homeLayout,
  printable,
  removeLogs,
  systemClock,
} from "../../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { command } from "../command.ts";
import type { EndedRun } from "../ended-run.ts";
import type { Invocation } from "../invocation.ts";
import { age, parseDuration } from "../print/index.ts";

export const rmCommand = command({
  words: "rm [runs..]",
  describe: "Remove the logs of runs that have ended",
  options: (yargs) =>
    yargs
      .positional("runs", {
        type: "string",
        array: true,
        default: [],
        describe: "The beginnings of their ids",
      })
      .option("older-than", { type: "string", describe: "Those that ended so long ago: 7d, 12h" })
      .option("dry-run", {
        alias: "n",
        type: "boolean",
        default: false,
        describe: "Only say what would be removed",
      }),
  run: async (cli, args) => {
    const olderMs = ageOf(args.olderThan);
    const named = cli.options.id === undefined ? args.runs : [...args.runs, cli.options.id];
    if (named.length === 0 && olderMs === undefined) throw nothingNamed();
    const ended = await endedRunsOf(cli);
    const chosen = named.length === 0 ? ended : named.map((prefix) => pick(ended, prefix));
    const now = systemClock.wallNow();
    const old = [...new Set(chosen)].filter(({ endedAt }) => now - endedAt >= (olderMs ?? 0));
    for (const run of old) {
      if (!args.dryRun) await removeLogs(homeLayout(cli.env), run.id);
      await cli.print(lineOf(run, { dryRun: args.dryRun, now }));
    }
    if (old.length === 0) await cli.say("Nothing to remove.");
  },
});

async function endedRunsOf(cli: Invocation): Promise<readonly EndedRun[]> {
  const { endedRuns } = await import("../ended-run.ts");
  const runs = await cli.runs();
  // What a dead run left besides its logs is the business of `ramure gc`, which needs its record.
  return await endedRuns(
    homeLayout(cli.env),
    runs.map(({ record }) => record),
  );
}

function pick(ended: readonly EndedRun[], prefix: string): EndedRun {
  const [found, another] = ended.filter(({ id }) => id.startsWith(prefix));
  if (found && !another) return found;
  if (another) {
    throw new CliError(`Several ended runs begin with ${prefix}.`, {
      exitCode: exitCodes.ambiguous,
      todo: "Give more of the id; ramure ls --all lists them.",
    });
  }
  throw new CliError(`No ended run begins with ${prefix}.`, {
    exitCode: exitCodes.notFound,
    why: "A live run keeps its logs; so does one that ramure gc has not looked at.",
    todo: "ramure ls --all lists them.",
  });
}

function ageOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new CliError(`--older-than takes a time, not ${text}.`, {
    exitCode: exitCodes.usage,
    todo: "Write it as 30m, 12h or 7d.",
  });
}

function nothingNamed(): CliError {
  return new CliError("There is no run to remove.", {
    exitCode: exitCodes.usage,
    todo: "Name runs by their ids, or write --older-than 7d; ramure ls --all lists them.",
  });
}

function lineOf(
  { id, program, endedAt }: EndedRun,
  { dryRun, now }: { readonly dryRun: boolean; readonly now: number },
): string {
  const done = dryRun ? "would remove" : "removed";
  return `${done} the logs of run ${printable(id)}  ${printable(program)}  ended ${age(now - endedAt)} ago`;
}
