import { constants, open } from "node:fs/promises";
import * as v from "valibot";
import { read } from "../../supervisors/runtime/outside.ts";

/** The outcome of a run. */
export type RunOutcome =
  /** The root gave a result. */
  | "done"
  /** The root failed. */
  | "failed"
  /** The run was stopped. */
  | "cancelled"
  /** The journal ends before the run does. */
  | "cut-off";

/** The bytes at the end of a journal that hold the whole last entry of a run that ended. */
const tailBytes = 4_096;

const lastEntry = v.object({
  type: v.literal("run-ended"),
  data: v.object({
    state: v.picklist(["done", "failed", "cancelled"]),
    agents: v.optional(v.number()),
    cost: v.optional(v.number()),
  }),
});

/** The end of a run, as its journal tells it. */
export interface RunEnd {
  readonly outcome: RunOutcome;
  /** Agents that it started, and what their models cost. */
  readonly agents?: number | undefined;
  readonly cost?: number | undefined;
}

/** Read how a run ended from the last line of its journal. */
export async function endOf(journal: string): Promise<RunEnd> {
  const last = (await tailOf(journal)).trimEnd().split("\n").at(-1) ?? "";
  try {
    const { state, agents, cost } = read(lastEntry, JSON.parse(last), "the last entry").data;
    return { outcome: state, agents, cost };
  } catch {
    // No end, a torn one, or the end of an entry that is longer than any last one.
    return { outcome: "cut-off" };
  }
}

/** Say it beside the time. */
export function outcomeText(outcome: RunOutcome): string {
  return outcome === "cut-off" ? "cut off" : outcome;
}

/** Say it before what a journal holds. */
export function endText(outcome: RunOutcome): string {
  if (outcome !== "cut-off") return `This run has ended (${outcome}); its journal says:`;
  return "This run was cut off: it was killed, or its disk or power failed. Its journal says last:";
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), {
      position: start,
    });
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
