import { inspect } from "node:util";
import {
  encodeValue,
  printableJson,
  printableLines,
  verbs,
} from "../../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { command } from "../command.ts";
import { parseDuration } from "../print/index.ts";

export const callCommand = command({
  words: "call <endpoint> [arguments..]",
  describe: "Call an endpoint of a process and print what it returns",
  options: (yargs) =>
    yargs
      .positional("endpoint", {
        type: "string",
        demandOption: true,
        describe: "NAME of the first process, or PATH:NAME",
      })
      .positional("arguments", {
        type: "string",
        array: true,
        default: [],
        describe: "key=value; a value is read as JSON where it is JSON",
      })
      .option("timeout", {
        type: "string",
        describe: "How long to wait, as 30s or 10m; 0: no limit",
      })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (cli, args) => {
    const timeoutMs = timeoutOf(args.timeout);
    const given = encodeValue(argumentsOf(args.arguments));
    const request = { ...endpointOf(args.endpoint), args: given, timeoutMs };
    // The run keeps the limit itself; a little later than it, nothing is to be expected any more.
    const patienceMs = timeoutMs === 0 ? 0 : timeoutMs + 5_000;
    const { path, value } = await cli.withRun(
      (run) => run.request(verbs.endpointCall, request, { timeoutMs: patienceMs }),
      { acts: "call" },
    );
    if (args.json) return await cli.printJson({ schema: 1, path, ...wireOf(value) });
    if (value === undefined) return;
    // A file or a program gets a text as it is; a terminal, what cannot steer it.
    const text = textOf(value);
    await cli.print(process.stdout.isTTY ? printableLines(text) : text);
  },
});

/** Split `PATH:NAME` at its last colon. */
function endpointOf(text: string): {
  readonly to: string | undefined;
  readonly endpoint: string;
} {
  const colon = text.lastIndexOf(":");
  const [to, endpoint] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
  if (endpoint === "" || colon === 0)
    throw usage(`${JSON.stringify(text)} names no endpoint.`, "Write NAME or PATH:NAME.");
  return { to: colon < 0 ? undefined : to, endpoint };
}

/** Read `key=value` words; nothing where there are none. */
function argumentsOf(words: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (words.length === 0) return undefined;
  return Object.fromEntries(words.map(argumentOf));
}

function argumentOf(word: string): readonly [string, unknown] {
  const equals = word.indexOf("=");
  if (equals > 0) return [word.slice(0, equals), typedValue(word.slice(equals + 1))];
  const why = equals < 0 ? "has no =" : "has nothing before its =";
  throw usage(`The argument ${JSON.stringify(word)} ${why}.`, "Write arguments as key=value.");
}

function typedValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function timeoutOf(text: string | undefined): number {
  const timeoutMs = text === undefined ? 120_000 : parseDuration(text);
  if (timeoutMs !== undefined) return timeoutMs;
  throw usage(`${JSON.stringify(text)} is no duration.`, "Write it as 30s, 10m or 2h.");
}

/** The value as JSON; `meta` says what JSON could not (superjson's form). */
function wireOf(value: unknown): object {
  const { json = null, meta } = encodeValue(value);
  return meta === undefined ? { value: json } : { value: json, meta };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const { json, meta } = encodeValue(value);
  return meta === undefined ? printableJson(json, 2) : inspect(value, { depth: 10 });
}

function usage(what: string, todo: string): CliError {
  return new CliError(what, { exitCode: exitCodes.usage, todo });
}
