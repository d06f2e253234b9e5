import { constants, lstat, open, readFile, rm } from "node:fs/promises";
import * as v from "valibot";
import type { Thing } from "../../actors/agent/wire/index.ts";
import type { Clock } from "../../actors/clock.ts";
import { finite, read } from "../../actors/data/index.ts";
import { processStart, syncFolder } from "../../machines/local/index.ts";
import type { Remains } from "../../machines/machine.ts";

/** A thing as its record has it: whose it is, and since when. */
export interface RecordedThing extends Omit<Thing, "kind"> {
  /** `unknown`: a newer version knows what it is. */
  readonly kind: Thing["kind"] | "machine" | "unknown";
  /** The part of a machine that stays. */
  readonly remains?: Remains | undefined;
  /** The machine's own words for itself: things on it name it by them. */
  readonly on?: string | undefined;
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

/** A machine, as it is recorded before it is made and, with `on`, when it is there. */
export interface MachineThing extends Pick<RecordedThing, "on"> {
  readonly kind: "machine";
  readonly file: string;
  readonly remains: Remains;
  readonly pid?: undefined;
  readonly gone?: boolean | undefined;
}

/** Make the record of what a machine leaves. */
export function machineThing(remains: Remains, on?: string): MachineThing {
  const { kind, name, gone } = remains;
  return { kind: "machine", file: `${kind} ${name}`, remains, on, gone };
}

const kinds: ReadonlySet<string> = new Set(["tmux-server", "socket", "directory", "machine"]);

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
  async record(thing: Thing | MachineThing, owner: ThingOwner): Promise<void> {
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

/**
 * Read what a run has recorded and not removed; lines that cannot be read are left out. The last word
 * on a thing counts. What lay on a machine that was removed is gone with it.
 */
export async function readThings(file: string): Promise<readonly RecordedThing[]> {
  const things = new Map<string, RecordedThing>();
  for (const line of (await textOf(file)).split("\n")) {
    const thing = parseThing(line);
    const key = `${thing?.machine ?? ""} ${thing?.file}`;
    if (thing) things.set(key, { ...thing, on: thing.on ?? things.get(key)?.on });
  }
  const all = [...things.values()];
  const gone = new Set(all.flatMap(({ gone, on, remains }) => (gone && !remains?.far && on) || []));
  return all.filter(({ gone: isGone, machine = "" }) => !isGone && !gone.has(machine));
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
  gone: v.optional(v.boolean()),
  on: v.optional(v.string()),
  remains: v.optional(
    v.object({
      kind: v.string(),
      name: v.string(),
      folder: v.optional(v.string()),
      facts: v.optional(v.record(v.string(), v.unknown())),
      far: v.optional(v.boolean()),
      gone: v.optional(v.boolean()),
    }),
  ),
});

function parseThing(line: string): RecordedThing | undefined {
  try {
    const { v: version, kind, ...thing } = read(thingShape, JSON.parse(line), "thing");
    return { ...thing, kind: version === 1 && isKind(kind) ? kind : "unknown" };
  } catch {
    return undefined;
  }
}

function isKind(kind: string): kind is Exclude<RecordedThing["kind"], "unknown"> {
  return kinds.has(kind);
}
