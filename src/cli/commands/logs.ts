import { type ControlEvent, systemClock, verbs } from "../../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { command } from "../command.ts";
import { jsonLine, targetOf, untilItEnds } from "../event-stream.ts";
import type { Invocation } from "../invocation.ts";
import { LogLines, parseDuration } from "../print/index.ts";

export const logsCommand = command({
  words: "logs [target]",
  describe: "Print what happened in a run, in words",
  options: (yargs) =>
    yargs
      .positional("target", {
        type: "string",
        describe: "Only this node and those below; or the beginning of a run's id",
      })
      .option("follow", { alias: "f", type: "boolean", default: false, describe: "Wait for more" })
      .option("since", { type: "string", describe: "Only what happened in this time: 10m, 2h" })
      .option("tail", { alias: "n", type: "number", describe: "Only so many lines from the end" })
      .option("json", { type: "boolean", describe: "Print one JSON object a line" }),
  run: async (cli, args) => {
    const { follow } = args;
    const { to, named } = await targetOf(cli, args.target);
    const printer = new Printer(cli, {
      lineOf: lineWriter(cli, args.json === true),
      since: sinceOf(args.since),
      tail: tailOf(args.tail),
    });
    const ended = await cli.endedRun(named);
    if (ended) {
      const { endedEvents } = await import("../ended-run.ts");
      await printer.past(endedEvents(ended, { to }));
      if (ended.outcome === "cut-off") await cli.say("The journal was cut off here.");
      return;
    }
    await cli.withRun(
      async (run) => {
        await printer.past(run.stream(verbs.eventsFollow, { to, follow: false }));
        if (!follow) return;
        const coming = run.stream(verbs.eventsFollow, { to, from: printer.next, follow: true });
        await untilItEnds(printer.coming(coming), cli);
      },
      { named, follows: true },
    );
  },
});

interface PrinterOptions {
  readonly lineOf: (event: ControlEvent) => string | undefined;
  /** Wall-clock ms since 1970; what was before is not printed. */
  readonly since: number;
  readonly tail: number;
}

/** Prints the events that were asked for. */
class Printer {
  readonly #cli: Invocation;
  readonly #options: PrinterOptions;
  /** The first `seq` that was not seen yet. */
  next = 1;

  constructor(cli: Invocation, options: PrinterOptions) {
    this.#cli = cli;
    this.#options = options;
  }

  /** Print what has happened: all of it as it comes, or its end. */
  async past(events: AsyncIterable<ControlEvent>): Promise<void> {
    const { tail } = this.#options;
    if (tail === Number.POSITIVE_INFINITY) return await this.coming(events);
    const last: string[] = [];
    for await (const event of events) {
      const line = this.#line(event);
      if (line !== undefined) last.push(line);
      if (last.length > tail) last.shift();
    }
    await this.#cli.print(...last);
  }

  async coming(events: AsyncIterable<ControlEvent>): Promise<void> {
    for await (const event of events) {
      const line = this.#line(event);
      if (line !== undefined) await this.#cli.print(line);
    }
  }

  #line(event: ControlEvent): string | undefined {
    this.next = event.seq + 1;
    const line = this.#options.lineOf(event);
    return event.at >= this.#options.since ? line : undefined;
  }
}

function lineWriter(cli: Invocation, json: boolean): PrinterOptions["lineOf"] {
  if (json) return jsonLine;
  const lines = new LogLines(cli.look);
  return (event) => lines.line(event);
}

function sinceOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = parseDuration(text);
  if (ms !== undefined) return systemClock.wallNow() - ms;
  throw new CliError(`--since takes a time, not ${text}.`, {
    exitCode: exitCodes.usage,
    todo: "Write it as 30s, 10m, 2h or 1d.",
  });
}

function tailOf(lines: number | undefined): number {
  if (lines === undefined) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(lines) && lines >= 0) return lines;
  throw new CliError("--tail takes a number of lines.", { exitCode: exitCodes.usage });
}
