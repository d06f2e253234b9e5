import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";
import { type GlobalOptions, Invocation } from "./invocation.ts";

/** The part of a command that `main` needs. */
export interface Command {
  /** Its name, and what follows: `send <path> [message..]`. */
  readonly words: string;
  /** Its name and its aliases. */
  readonly names: readonly string[];
  add(yargs: Argv<GlobalOptions>): Argv<GlobalOptions>;
}

/** Describe one command: its words, its options, and what it does with them. */
export function command<Options extends GlobalOptions>(description: {
  readonly words: string;
  readonly describe: string;
  /** Other words for it, as other tools call it. */
  readonly aliases?: readonly string[] | undefined;
  readonly options: (yargs: Argv<GlobalOptions>) => Argv<Options>;
  readonly run: (cli: Invocation, args: ArgumentsCamelCase<Options>) => Promise<void>;
}): Command {
  const { words, aliases = [] } = description;
  const module: CommandModule<GlobalOptions, Options> = {
    command: words,
    aliases,
    describe: description.describe,
    builder: description.options,
    handler: (args) => {
      for (const [name, value] of Object.entries(args))
        Object.assign(args, { [name]: shown(value) });
      return description.run(new Invocation(process.env, args), args);
    },
  };
  const [name = ""] = words.split(" ");
  return { words, names: [name, ...aliases], add: (yargs) => yargs.command(module) };
}

/** The words after `--`. */
export function wordsAfterDashes(args: { readonly [name: string]: unknown }): readonly string[] {
  const words = args["--"];
  return Array.isArray(words) ? words.map(String) : [];
}

/** Stands for `-` while yargs parses: it drops that word from lists of words. */
const hiddenDash = "\u0000-";

/** Hide every `-` that stands alone from yargs; the commands see it again. */
export function hideDashes(words: readonly string[]): string[] {
  const end = words.indexOf("--");
  return words.map((word, index) => (word === "-" && (end < 0 || index < end) ? hiddenDash : word));
}

function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  return value === hiddenDash ? "-" : value;
}
