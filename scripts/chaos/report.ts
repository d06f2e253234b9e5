import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What one kind of harm came to. */
export interface ChaosRow {
  readonly what: string;
  /** What must be nought; anything else fails the command. */
  readonly counts: Readonly<Record<string, number>>;
  /** What is measured, for people. */
  readonly rates: Readonly<Record<string, string>>;
}

export interface ChaosShare {
  /** Real pis that are killed, one by one or with their tmux server. */
  readonly pis: number;
  readonly piKills: number;
  readonly tmuxKills: number;
  readonly drops: number;
  readonly agents: number;
  readonly events: number;
  readonly runs: number;
  /** Broken frames for the decoder; a tenth as many broken clients for the socket. */
  readonly frames: number;
  /** Tasks of a pool, each with an agent of its own. */
  readonly tasks: number;
  /** Reads of a swapped file; ten times as many events are printed, a tenth as often a log directory is wanted. */
  readonly edges: number;
}

/** What `npm test` bears, what `npm run chaos` does by itself, what it does with `--deep`. */
export const shares = {
  ci: {
    pis: 2,
    piKills: 4,
    tmuxKills: 2,
    drops: 200,
    agents: 100,
    events: 20_000,
    runs: 20,
    frames: 5_000,
    tasks: 50,
    edges: 300,
  },
  usual: {
    pis: 4,
    piKills: 20,
    tmuxKills: 5,
    drops: 500,
    agents: 1_000,
    events: 100_000,
    runs: 1_000,
    frames: 20_000,
    tasks: 100,
    edges: 2_000,
  },
  deep: {
    pis: 4,
    piKills: 500,
    tmuxKills: 100,
    drops: 50_000,
    agents: 1_000,
    events: 1_000_000,
    runs: 1_000,
    frames: 200_000,
    tasks: 1_000,
    edges: 20_000,
  },
} as const satisfies Record<string, ChaosShare>;

/** The counts of a row that are not nought, in words. */
export function wrongOf({ what, counts }: ChaosRow): readonly string[] {
  return Object.entries(counts)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${what}: ${count} ${name}`);
}

/** Write rows as a table that markdown shows. */
export function tableOf(rows: readonly ChaosRow[]): string {
  const line = (words: readonly string[]) => `| ${words.join(" | ")} |`;
  const facts = (of: Readonly<Record<string, number | string>>) =>
    Object.entries(of)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  const body = rows.map(({ what, counts, rates }) => line([what, facts(counts), facts(rates)]));
  return [
    line(["harm", "counts (0 wanted)", "measured"]),
    line(["---", "---", "---"]),
    ...body,
  ].join("\n");
}

/** The value below which the share `part` of all lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What is kept when nothing is left to collect, in MB. */
export function keptMb(): number {
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
}
