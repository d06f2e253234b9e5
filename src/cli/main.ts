#!/usr/bin/env node
import { readFileSync } from "node:fs";
import yargs, { type Argv } from "yargs";
import { hideBin } from "yargs/helpers";
import { printable, printableLines } from "../supervisors/runtime/outside.ts";
import { asCliError, CliError, exitCodes } from "./cli-error.ts";
import { type Command, hideDashes } from "./command.ts";
import * as commands from "./commands/index.ts";
import { namesFor } from "./completion.ts";
import type { GlobalOptions } from "./invocation.ts";
import { endOnBrokenPipe, lookOf, styled } from "./print/index.ts";

await main(hideBin(process.argv));

async function main(args: readonly string[]): Promise<void> {
  endOnBrokenPipe(process.stdout, process.stderr);
  process.once("SIGINT", () => process.exit(exitCodes.interrupted));
  try {
    if (args[0] === "completion" && args.some(isHelp)) sayCompletionHelp();
    else await parser(args.length === 0 ? ["--help"] : args).parseAsync();
  } catch (error) {
    // A shell that asks for completions prints whatever it gets.
    if (args.includes("--get-yargs-completions")) return;
    process.exitCode = report(asCliError(error), args.includes("--debug"));
  }
}

/** By itself yargs would print the script. */
function sayCompletionHelp(): void {
  process.stdout.write(`ramure completion

Print a completion script for bash or zsh.
Put it where your shell begins, once: ramure completion >> ~/.bashrc (or ~/.zshrc)
`);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

function parser(args: readonly string[]): Argv<GlobalOptions> {
  const isToComplete = args.includes("--get-yargs-completions");
  const globals = yargs(isToComplete ? args : hideDashes(args))
    .scriptName("ramure")
    .locale("en")
    .usage("$0 <command>\n\nLook into runs of ramure, and talk to what is in them.")
    .parserConfiguration({
      "populate--": true,
      "dot-notation": false,
      "parse-positional-numbers": false,
    })
    .option("id", {
      alias: "i",
      type: "string",
      describe: "The beginning of the run's id; none: the only live run",
    })
    .option("as-person", {
      type: "boolean",
      describe: "Act on the run that this shell was started by",
    })
    .option("debug", { type: "boolean", describe: "Print stacks of errors" })
    .option("color", { type: "boolean", describe: "--no-color: without colours" });
  return Object.values(commands)
    .reduce((all: Argv<GlobalOptions>, each) => each.add(all), globals)
    .completion("completion", "Print a completion script for bash or zsh", complete)
    .demandCommand(1, "There is no command.")
    .strict()
    .recommendCommands()
    .version(version())
    .alias({ h: "help", v: "version" })
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => fail(message, error, args));
}

/** Give the names that the run knows and the commands; options to whoever has begun one. */
function complete(
  current: string,
  args: { readonly _: readonly unknown[]; readonly id?: unknown },
  defaults: (done: (error: Error | null, words: string[] | undefined) => void) => unknown,
  done: (words: string[]) => unknown,
): void {
  const typed = args._.slice(1).map(String);
  const id = typeof args.id === "string" ? args.id : undefined;
  defaults(async (_error, words = []) => {
    if (current.startsWith("-")) done(words.filter((word) => !isLetter(word)));
    else {
      const names = words.filter((word) => !word.startsWith("-"));
      done([...(await namesFor(typed, { id })), ...names]);
    }
  });
}

/** yargs offers `-a` as `--a`, which is no option. */
function isLetter(word: string): boolean {
  return /^--?[a-z](:|$)/.test(word);
}

/** yargs calls this for its own refusals and for what a command threw. */
function fail(
  message: string | undefined,
  error: Error | undefined,
  args: readonly string[],
): never {
  if (error && error.name !== "YError") throw error;
  const said = (message ?? error?.message ?? "").replaceAll("\n", " ");
  const [word = ""] = args.filter((each) => !each.startsWith("-"));
  const command = Object.values(commands).find(({ names }) => names.includes(word));
  const help = "ramure --help lists the commands, ramure COMMAND --help their options.";
  if (command && said.startsWith("Not enough non-option arguments")) throw wordMissing(command);
  const isUnknown = !command && /^(Did you mean|Unknown argument)/.test(said) && word !== "";
  const guess = said.startsWith("Did you mean") ? `${said} ` : "";
  throw new CliError(isUnknown ? `There is no command ${JSON.stringify(word)}.` : said, {
    exitCode: exitCodes.usage,
    todo: `${guess}${help}`,
  });
}

function wordMissing({ words, names: [name] }: Command): CliError {
  const needed = [...words.matchAll(/<([a-z]+)>/g)].map(([, word]) => `<${word}>`);
  return new CliError(`ramure ${name} needs ${needed.join(" and ")}.`, {
    exitCode: exitCodes.usage,
    todo: `Write ramure ${words}; ramure ${name} --help says more.`,
  });
}

/** Print what went wrong, why, and what to do: a line each. Gives the exit code. */
function report(error: CliError, debug: boolean): number {
  const look = lookOf(process.env, process.stderr);
  const lines = [
    `${styled(look, "red", "error:")} ${printable(error.message)}`,
    ...[error.why, error.todo].flatMap((line) => (line ? [`  ${printable(line)}`] : [])),
    ...(debug ? [printableLines(stackOf(error))] : []),
  ];
  process.stderr.write(`${lines.join("\n")}\n`);
  return error.exitCode;
}

function stackOf(error: CliError): string {
  return String(error.cause instanceof Error ? error.cause.stack : error.stack);
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version: found }: { readonly version?: unknown } = JSON.parse(text);
  return String(found);
}
