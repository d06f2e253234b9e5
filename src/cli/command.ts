import type { ArgumentsCamelCase, Argv, CommandModule } from "yargs";
import { type GlobalOptions, Session } from "./session.ts";

/** Describe one command: its words, its options, and what it does with them. */
export function command<Options extends GlobalOptions>(description: {
  readonly words: string;
  readonly describe: string;
  readonly options: (yargs: Argv<GlobalOptions>) => Argv<Options>;
  readonly run: (session: Session, args: ArgumentsCamelCase<Options>) => Promise<void>;
}): (yargs: Argv<GlobalOptions>) => Argv<GlobalOptions> {
  const module: CommandModule<GlobalOptions, Options> = {
    command: description.words,
    describe: description.describe,
    builder: description.options,
    handler: (args) => description.run(new Session(process.env, args), args),
  };
  return (yargs) => yargs.command(module);
}
