import { constants, lstat, open, readFile, rm } from "node:fs/promises";
import * as v from "valibot";
import type { Thing } from "../../actors/agent/wire/index.ts";
import type { Clock } from "../../actors/clock.ts";
import { finite, read } from "../../actors/data/index.ts";
import { processStart, syncFolder } from "../../machines/local/index.ts";

/** A thing as its record has it: whose it is, and since when. */
export interface RecordedThing extends Omit<Thing, "kind"> {
  /** `unknown`: a newer version knows what it is. */
  readonly kind: Thing["kind"] | "unknown";
  readonly run: string;
  /** The owner of the thing: an agent, or the run itself as `/`. */
  readonly path: string;
  readonly epoch: number;
  /** Wall-clock ms since 1970. */
  readonly at: number;
  /** The answer of `processStart(pid)`; tells a reused pid. */
  readonly processStart?: string | undefined;
}

export interface ThingOwner {
  readonly path: string;
  readonly epoch: number;
}

const kinds: ReadonlySet<string> = new Set(["tmux-server", "socket", "directory"]);

/**
 * The record of what one run makes outside its process: one JSON object a line, only ever added to.
 *
 * A line is on the disk before its thing is made, so that a reaper that finds the run dead knows what to
 * remove; a torn last line names nothing that exists.
 */
export class ThingLog {
  readonly file: string;
  readonly #run: string;
  readonly #clock: Clock;
  #exists = false;

  constructor({
    file,
    run,
    clock,
  }: { readonly file: string; readonly run: string; readonly clock: Clock }) {
    this.file = file;
    this.#run = run;
    this.#clock = clock;
  }

  /** Resolves when the record is on the disk. Rejects when it cannot be written: then the thing must not be made. */
  async record(thing: Thing, owner: ThingOwner): Promise<void> {
    const start = thing.pid === undefined ? undefined : await processStart(thing.pid);
    const recorded: RecordedThing = {
      ...thing,
      run: this.#run,
      ...owner,
      at: this.#clock.wallNow(),
      processStart: start,
    };
    const handle = await open(this.file, addOnly, 0o600);
    try {
      await handle.appendFile(`${JSON.stringify({ v: 1, ...recorded })}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    if (!this.#exists) await syncFolder(this.file);
    this.#exists = true;
  }

  /** Forget everything: nothing of it is left. */
  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }
}

const addOnly =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NOFOLLOW |
  constants.O_NONBLOCK;

/** Read what a run has recorded; lines that cannot be read are left out. The last word on a thing counts. */
export async function readThings(file: string): Promise<readonly RecordedThing[]> {
  const things = new Map<string, RecordedThing>();
  for (const line of (await textOf(file)).split("\n")) {
    const thing = parseThing(line);
    if (thing) things.set(`${thing.machine ?? ""} ${thing.file}`, thing);
  }
  return [...things.values()];
}

async function textOf(file: string): Promise<string> {
  try {
    return (await lstat(file)).isFile() ? await readFile(file, "utf8") : "";
  } catch {
    // Gone meanwhile: another reaper, or its run's own end, was there first.
    return "";
  }
}

const thingShape = v.object({
  v: finite,
  kind: v.string(),
  file: v.string(),
  machine: v.optional(v.string()),
  pid: v.optional(finite),
  run: v.string(),
  path: v.string(),
  epoch: finite,
  at: finite,
  processStart: v.optional(v.string()),
});

function parseThing(line: string): RecordedThing | undefined {
  try {
    const { v: version, kind, ...thing } = read(thingShape, JSON.parse(line), "thing");
    return { ...thing, kind: version === 1 && isKind(kind) ? kind : "unknown" };
  } catch {
    return undefined;
  }
}

function isKind(kind: string): kind is Thing["kind"] {
  return kinds.has(kind);
}
