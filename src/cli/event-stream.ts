import { ControlError, type ControlEvent, encodeValue } from "../supervisors/runtime/outside.ts";
import type { Invocation } from "./invocation.ts";

/** Say one event as one JSON object on a line. */
export function jsonLine({ data, ...event }: ControlEvent): string {
  const { json, meta } = encodeValue(data);
  return JSON.stringify({ schema: 1, ...event, data: json, meta });
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
