import { MessageRefusedError } from "../errors.ts";

/** The limits that a message must fit into. */
export interface MessageLimits {
  /** The longest message, in bytes of JSON, so that a frame can hold it. Default: 1_000_000. */
  readonly maxBytes?: number | undefined;
}

/**
 * The longest line, in characters. The time that a terminal program takes to wrap a line may grow
 * with its square: 100,000 were half a minute.
 */
const maxLine = 50_000;

/** Throw MessageRefusedError for what an agent cannot be sent. */
export function checkMessage(
  path: string,
  text: unknown,
  { maxBytes = 1_000_000 }: MessageLimits = {},
): asserts text is string {
  const instead = "write it to a file on its machine and send the file's name";
  if (typeof text !== "string")
    throw new MessageRefusedError(`${path} is an agent and takes text; send a string.`);
  if (text.trim() === "")
    throw new MessageRefusedError(`The message to ${path} is empty; say something.`);
  if (Buffer.byteLength(JSON.stringify(text)) > maxBytes)
    throw new MessageRefusedError(`A message to ${path} is over ${maxBytes} bytes; ${instead}.`);
  if (text.length > maxLine && text.split("\n").some((line) => line.length > maxLine))
    throw new MessageRefusedError(
      `A message to ${path} has a line of over ${maxLine} characters, which would hold up its terminal for long; break the line, or ${instead}.`,
    );
}

/** Throw MessageRefusedError for a way of delivery that there is not. */
export function checkDeliver(path: string, deliver: string): void {
  if (deliver === "follow-up" || deliver === "steer") return;
  throw new MessageRefusedError(
    `A message to ${path} cannot be delivered as ${JSON.stringify(deliver)}; use "follow-up" or "steer".`,
  );
}
