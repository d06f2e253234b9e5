import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/*
 * What a run of the suites may not leave behind: a process, a tmux server, a folder. Everything that
 * a test starts inherits a mark in its environment, and a temporary folder of this run; so other runs
 * on this machine, of tests or of people, are never taken for ours.
 */

const graceMs = 10_000;
const mark = "RAMURE_TEST_RUN";

/** Vitest's global setup; what it returns runs when all suites have ended, and fails the run on a leak. */
export default function setup(): () => Promise<void> {
  const folder = mkdtempSync("/tmp/rt-");
  const id = folder.slice("/tmp/rt-".length);
  process.env[mark] = id;
  process.env.TMPDIR = folder;
  process.env.TMUX_TMPDIR = folder;
  process.env.RAMURE_HOME = join(folder, "home");
  delete process.env.TMUX;
  return async () => {
    const left = await leftAfter(graceMs, () => leaksOf(id, folder));
    for (const { pid } of left) if (pid !== undefined) end(pid);
    rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) fail(left);
  };
}

export interface Leak {
  readonly what: string;
  readonly pid?: number | undefined;
}

/** What the run with this mark and folder has not ended or removed so far. */
export function leaksOf(id: string, folder: string): readonly Leak[] {
  return [...processesOf(id, folder), ...foldersIn(folder)];
}

/** Vitest only prints what a teardown throws; the exit code has to be set beside it. */
function fail(left: readonly Leak[]): never {
  process.exitCode = 1;
  throw new Error(`the suites left behind:\n${left.map(({ what }) => `  ${what}`).join("\n")}`);
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended between the look and now.
  }
}

async function leftAfter(ms: number, look: () => readonly Leak[]): Promise<readonly Leak[]> {
  const deadline = performance.now() + ms;
  let left = look();
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(100);
    left = look();
  }
  return left;
}

/** Living processes that carry this run's mark or name its folder; a zombie holds nothing and is not counted. */
function processesOf(id: string, folder: string): readonly Leak[] {
  return numbersIn("/proc").flatMap((pid) => {
    if (pid === process.pid) return [];
    const state = readOrEmpty(`/proc/${pid}/stat`).replace(/^.*\) /s, "")[0];
    if (state === undefined || state === "Z" || state === "X") return [];
    const line = readOrEmpty(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    const environment = readOrEmpty(`/proc/${pid}/environ`).split("\0");
    const ours = environment.includes(`${mark}=${id}`) || line.includes(`${folder}/`);
    return ours && !belongsToVitest(line, pid) ? [{ what: `process ${pid}: ${line}`, pid }] : [];
  });
}

/** Vitest's own workers and the bundler's service live until Vitest ends, after this look. */
function belongsToVitest(line: string, pid: number): boolean {
  const parent = Number(
    readOrEmpty(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, "")
      .split(" ")[1],
  );
  return parent === process.pid && /node_modules\/(?:vitest|@?esbuild|rolldown)/.test(line);
}

function foldersIn(folder: string): readonly Leak[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("ramure-"))
    .map((name) => ({ what: `${name} in the temporary folder` }));
}

function numbersIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
