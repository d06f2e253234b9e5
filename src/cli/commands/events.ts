import {
  type ControlEvent,
  encodeValue,
  printable,
  verbs,
} from "../../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { command } from "../command.ts";
import { jsonLine, targetOf, untilItEnds } from "../event-stream.ts";
import { type Look, styled, timeOf } from "../print/index.ts";

export const eventsCommand = command({
  words: "events [target]",
  describe: "Print what happened in a run, oldest first",
  options: (yargs) =>
    yargs
      .positional("target", {
        type: "string",
        describe: "Only this node and those below; or the beginning of a run's id",
      })
      .option("follow", { alias: "f", type: "boolean", default: false, describe: "Wait for more" })
      .option("type", {
        alias: "t",
        type: "string",
        array: true,
        describe: "Only events of this type",
      })
      .option("from", { type: "number", describe: "The first seq to print" })
      .option("json", { type: "boolean", describe: "Print one JSON object a line" }),
  run: async (cli, args) => {
    const { type: types, follow } = args;
    const { to, named } = await targetOf(cli, args.target);
    const from = fromOf(args.from);
    const { look } = cli;
    const lineOf = args.json ? jsonLine : (event: ControlEvent) => textLine(event, look);
    const print = async (events: AsyncIterable<ControlEvent>) => {
      for await (const event of events) await cli.print(lineOf(event));
    };
    const ended = await cli.endedRun(named);
    if (ended) {
      const { endedEvents } = await import("../ended-run.ts");
      return await print(endedEvents(ended, { to, from, types }));
    }
    await cli.withRun(
      async (run) => {
        const events = run.stream(verbs.eventsFollow, { to, from, types, follow });
        await (follow ? untilItEnds(print(events), cli) : print(events));
      },
      { named, follows: true },
    );
  },
});

function fromOf(seq: number | undefined): number | undefined {
  if (seq === undefined || (Number.isInteger(seq) && seq >= 0)) return seq;
  throw new CliError("--from takes the number of an event.", {
    exitCode: exitCodes.usage,
    todo: "ramure events --json shows them as seq.",
  });
}

function textLine({ at, path, type, data }: ControlEvent, look: Look): string {
  const text = data === undefined ? "" : printable(JSON.stringify(encodeValue(data).json) ?? "");
  const time = styled(look, "dim", timeOf(at));
  return [time, styled(look, "cyan", printable(path)), printable(type), text].join("  ").trimEnd();
}
