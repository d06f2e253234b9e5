import { open } from "node:fs/promises";
import { Fields } from "../../supervisors/runtime/outside.ts";

/** How a run ended; `cut-off` when it could not say so itself. */
export type Outcome = "done" | "failed" | "cancelled" | "cut-off";

/** Where the last entry of a run that ended lies whole: it is short. */
const tailBytes = 4_096;

/** Read how a run ended from the last line of its journal. */
export async function outcomeOf(journal: string): Promise<Outcome> {
  const last = (await tailOf(journal)).trimEnd().split("\n").at(-1) ?? "";
  try {
    const entry = new Fields(JSON.parse(last), "the last entry");
    if (entry.text("type") !== "run-ended") return "cut-off";
    const state = new Fields(entry.value("data"), "its data").text("state");
    return state === "done" || state === "failed" || state === "cancelled" ? state : "cut-off";
  } catch {
    // A torn end, or the end of an entry that is longer than any last one.
    return "cut-off";
  }
}

/** Say it beside the time. */
export function outcomeText(outcome: Outcome): string {
  return outcome === "cut-off" ? "cut off" : outcome;
}

/** Say it before what a journal holds. */
export function endText(outcome: Outcome): string {
  if (outcome !== "cut-off") return `This run has ended (${outcome}); its journal says:`;
  return "This run was cut off: it was killed, or its disk or power failed. Its journal says last:";
}

async function tailOf(file: string): Promise<string> {
  const handle = await open(file, "r");
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
