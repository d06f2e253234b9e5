import {
  ControlError,
  type ControlEvent,
  encodeValue,
  printableJson,
} from "../supervisors/runtime/outside.ts";
import type { Invocation } from "./invocation.ts";

/** Say one event as one JSON object on a line. */
export function jsonLine({ data, ...event }: ControlEvent): string {
  const { json, meta } = encodeValue(data);
  return printableJson({ schema: 1, ...event, data: json, meta });
}

/** The word after `logs` and `events`: a node of the run that is meant, or else a run. */
export async function targetOf(
  cli: Invocation,
  word: string | undefined,
): Promise<{ readonly to?: string | undefined; readonly named?: string | undefined }> {
  if (word === undefined || cli.options.id !== undefined || word.includes("/")) return { to: word };
  if (!(await cli.knowsRun(word)) || (await isInLiveRun(cli, word))) return { to: word };
  return { named: word };
}

async function isInLiveRun(cli: Invocation, word: string): Promise<boolean> {
  try {
    return await cli.withRun(async (run) => (await run.status(word)).nodes.length > 0);
  } catch (error) {
    // Ambiguous: it is a name there, of several.
    return error instanceof ControlError && error.reason === "ambiguous";
  }
}

/** A run that ends while it is followed has shown all there was. */
export async function untilItEnds(following: Promise<void>, cli: Invocation): Promise<void> {
  try {
    await following;
  } catch (error) {
    if (!isEndOfRun(error)) throw error;
  }
  await cli.say("The run has ended.");
}

function isEndOfRun(error: unknown): boolean {
  return (
    error instanceof ControlError &&
    (error.reason === "shutting-down" || error.reason === "unreachable")
  );
}
