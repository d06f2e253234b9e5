import { RamureError } from "../../errors.ts";

/** An agent asked for an agent that it is not connected with, whether or not that agent exists. */
export class ReachError extends RamureError {
  readonly code = "reach";
  override readonly retryable = false;
  constructor(name: string, known: readonly string[], hasEnded = false) {
    const whom =
      known.length > 0 ? `those that you can are ${known.join(", ")}` : "you can reach none";
    const what = hasEnded
      ? `${name} has ended, and you cannot reach it any more`
      : `There is no agent ${JSON.stringify(name)} that you can reach`;
    super(`${what}; ${whom}.`);
  }
}

/** A file cannot go from one agent to another. */
export class FileTransferError extends RamureError {
  readonly code = "file-transfer";
  override readonly retryable = false;
  constructor(path: string, why: string) {
    super(`${JSON.stringify(path)} was not copied: ${why}.`);
  }
}
