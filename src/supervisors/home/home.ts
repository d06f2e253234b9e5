import { rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { logDirectory, privateDirectory } from "../../machines/local/index.ts";
import { assertSocketPath, maxSocketPathBytes } from "../../machines/shell.ts";

/** The places of one user's runs on this host. */
export interface HomeLayout {
  readonly home: string;
  /** Holds `{id}.json` and `{id}.sock` of every run that has not ended cleanly. */
  readonly runtimes: string;
  /** Holds a directory for every run, ended ones included. */
  readonly logs: string;
}

/** The places of one run. */
export interface RunPaths {
  readonly record: string;
  /** The list of things that the run makes outside its process, for a reaper that finds the run dead. */
  readonly things: string;
  readonly socket: string;
  readonly logDir: string;
}

/** The environment as far as it decides where runs lie. */
export type HomeEnv = Readonly<Record<string, string | undefined>>;

/** Tell where runs lie: `RAMURE_HOME`, or else `~/.ramure`. Touches nothing. */
export function homeLayout(env: HomeEnv): HomeLayout {
  const home = resolve(env.RAMURE_HOME || join(env.HOME || homedir(), ".ramure"));
  return { home, runtimes: join(home, "runtimes"), logs: join(home, "logs") };
}

/**
 * Make the directories of the home, each for this user alone, and check that they are.
 *
 * Throws HomeError, which names the path and RAMURE_HOME, when one cannot be
 * made or written, belongs to someone else, is open to others or is a symlink.
 */
export async function prepareHome(env: HomeEnv): Promise<HomeLayout> {
  const layout = homeLayout(env);
  await privateDirectory(layout.home);
  await privateDirectory(layout.runtimes);
  await logDirectory(layout.logs);
  return layout;
}

/**
 * Tell where the run `id` lies, and make its log directory.
 *
 * A socket path that would be too long goes to a short directory of this user
 * under the system's temporary one; the run's record says where.
 */
export async function runPaths(layout: HomeLayout, id: string): Promise<RunPaths> {
  const logDir = join(layout.logs, id);
  await logDirectory(logDir);
  const socket = await socketPath(layout, id);
  const file = (end: string): string => join(layout.runtimes, `${id}${end}`);
  return { record: file(".json"), things: file(".things.jsonl"), socket, logDir };
}

/** Remove what an ended run logged in the home. A link in its place is removed, not followed. */
export async function removeLogs(layout: HomeLayout, id: string): Promise<void> {
  await rm(join(layout.logs, id), { recursive: true, force: true });
}

async function socketPath(layout: HomeLayout, id: string): Promise<string> {
  const usual = join(layout.runtimes, `${id}.sock`);
  if (fits(usual)) return usual;
  const short = join(shortDirectory(), `${id}.sock`);
  if (!fits(short)) assertSocketPath(usual);
  await privateDirectory(shortDirectory());
  return short;
}

function shortDirectory(): string {
  const base = isAbsolute(tmpdir()) ? tmpdir() : "/tmp";
  return join(base, `ramure-${process.getuid?.() ?? "user"}`);
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= maxSocketPathBytes;
}
