import { text } from "node:stream/consumers";
import { encodeValue, printable, verbs } from "../../supervisors/runtime/outside.ts";
import { CliError, exitCodes } from "../cli-error.ts";
import { command, wordsAfterDashes } from "../command.ts";

export const sendCommand = command({
  words: "send <path> [message..]",
  describe: "Send a message to a process (JSON or text) or an agent (text)",
  options: (yargs) =>
    yargs
      .positional("path", { type: "string", demandOption: true, describe: "Path, or its end" })
      .positional("message", {
        type: "string",
        array: true,
        default: [],
        describe:
          "The message; - reads it from standard input, and -- goes before one that begins so",
      })
      .option("json", { type: "boolean", describe: "Print one JSON object" }),
  run: async (cli, args) => {
    const text = await messageOf([...args.message, ...wordsAfterDashes(args)]);
    const message = encodeValue(text);
    const request = { to: args.path, message, typed: true };
    const sent = await cli.withRun(
      (run) => run.request(verbs.messageSend, request, { timeoutMs: 30_000 }),
      { acts: "send" },
    );
    if (args.json) return await cli.printJson({ schema: 1, ...sent });
    await cli.print(`Sent to ${printable(sent.path)}.`);
    if (sent.receives === false) await cli.say(`${sent.path} has received no message so far.`);
  },
});

async function messageOf(words: readonly string[]): Promise<string> {
  if (words.length === 0) throw noMessage();
  if (words.length > 1 || words[0] !== "-") return words.join(" ");
  if (process.stdin.isTTY) throw noMessage("- reads it from standard input, which is a terminal.");
  return (await text(process.stdin)).replace(/\n$/, "");
}

function noMessage(why?: string): CliError {
  return new CliError("There is no message.", {
    exitCode: exitCodes.usage,
    why,
    todo: "Write it after the path, or write - and pipe it in.",
  });
}
