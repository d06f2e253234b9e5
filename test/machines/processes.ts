import { readdirSync, readFileSync } from "node:fs";

/** Every process of this host with its words, joined by blanks. */
export function commandLines(): readonly (readonly [pid: number, line: string])[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return [Number(pid), readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [Number(pid), ""]; // It has ended.
      }
    });
}

/** Kill every process whose words are of this kind. */
export function killed(isOne: (line: string) => boolean): void {
  for (const [pid, line] of commandLines()) if (isOne(line)) process.kill(pid, "SIGKILL");
}
