import { readFile } from "node:fs/promises";

/**
 * Tell when a process started, as text that only means something when compared.
 *
 * With the pid it names one process for good: a reused pid has another start.
 * `undefined` when there is no such process.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") return startFromProc(pid);
  const { execa } = await import("execa");
  const listed = await execa("ps", ["-o", "lstart=", "-p", String(pid)], {
    reject: false,
    env: { LC_ALL: "C" },
  });
  return listed.stdout.trim() || undefined;
}

/** Tell whether the process with this pid is the one that had this start. */
export async function isSameProcess(pid: number, start: string | undefined): Promise<boolean> {
  const now = await processStart(pid);
  return now !== undefined && (start === undefined || now === start);
}

async function startFromProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The command in brackets may hold blanks and brackets; the fields after the last one are safe.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields?.[0], fields?.[19]];
  if (state === undefined || state === "Z" || state === "X") return undefined;
  return startTicks;
}
