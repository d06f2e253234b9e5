import { strict as assert } from "node:assert";
import { startWatch } from "../local/index.ts";
import type { Image, Machine } from "../machine.ts";

/**
 * The abilities of an image's machines beyond those of every machine. An ability that is not named
 * must be absent.
 */
export interface ConformanceAbilities {
  /** `duplex` streams. Default: false. */
  readonly duplex?: boolean | undefined;
  /** `shell` gives words that run on this host without a terminal. Default: false. */
  readonly shell?: boolean | undefined;
  /** `reach` works; the machine has node, with which the socket is tried. Default: false. */
  readonly reach?: boolean | undefined;
  /** `fork` copies the work directory. Default: false. */
  readonly fork?: boolean | undefined;
  /** A second user that commands may run as. Default: there is none to try. */
  readonly otherUser?: string | undefined;
  /** Makes an image whose machines have this work directory. Default: it cannot be chosen. */
  readonly at?: ((workDir: string) => Image) | undefined;
  /** A folder of the machine on a file system with less than 8 MB free, to be filled. Default: none is tried. */
  readonly smallDisk?: string | undefined;
  /** Makes a machine vanish, as a crash would. Default: it is not tried. */
  readonly vanish?: ((machine: Machine) => Promise<void>) | undefined;
  /** The delay of a time limit that is allowed, in ms. Default: 4_000. */
  readonly slackMs?: number | undefined;
}

/** One thing that every machine must do. */
export interface ConformanceCase {
  readonly title: string;
  /** Starts a machine, tries it, stops it. Throws when the machine does not conform. */
  run(): Promise<void>;
}

/** The tools of one case. */
export interface Bench {
  readonly image: Image;
  readonly machine: Machine;
  readonly abilities: ConformanceAbilities;
}

export type Trial = (bench: Bench) => Promise<void>;

/** Start a machine for one trial and stop it whatever happens. */
export async function onMachine(
  image: Image,
  abilities: ConformanceAbilities,
  trial: Trial,
): Promise<void> {
  const machine = await spawnFrom(image);
  try {
    await trial({ image, machine, abilities });
  } finally {
    await machine.stop();
  }
}

export function spawnFrom(image: Image): Promise<Machine> {
  return image.spawn({ name: "conformance", signal: new AbortController().signal });
}

/** Expect a rejection with this stable code. */
export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal(error instanceof Error && "code" in error ? error.code : undefined, code);
    return true;
  });
}

/** Run and measure, in ms. */
export async function timed<Value>(
  run: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly ms: number }> {
  const watch = startWatch();
  const value = await run();
  return { value, ms: watch() };
}

/** A duration in seconds that no other process sleeps for, so that a command line shows which process is left. */
export function uniqueSeconds(): string {
  return `47.${String(Math.random()).slice(2, 12)}`;
}

/** Expect that soon no process of the machine has `text` in its command line. Sees nothing without `/proc`. */
export async function expectNoneLeft(machine: Machine, text: string): Promise<void> {
  // The text goes in by standard input, so that the search does not find itself.
  const search = `n=0; read -r text
    while found=$(printf %s "$text" | grep -lsF -f - /proc/[0-9]*/cmdline); do
      n=$((n + 1)); [ $n -gt 200 ] && break; sleep 0.05
    done
    for file in $found; do tr '\\0' ' ' < "$file"; echo; done`;
  const { stdout } = await machine.exec(["sh", "-c", search], { input: `${text}\n` });
  assert.equal(stdout, "", "processes were left behind");
}

/** The bytes 0 to 255, `times` over. */
export function everyByte(times = 1): Buffer {
  return Buffer.concat(
    Array.from({ length: times }, () =>
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    ),
  );
}

/** Prints the SHA-256 of standard input, or of a file given as the first argument. */
export const hashScript =
  'if command -v sha256sum >/dev/null; then sha256sum -- "$@"; else shasum -a 256 "$@"; fi | sed "s/^\\\\\\\\//" | cut -d" " -f1';

export const awkwardNames: readonly string[] = [
  "two words",
  'it\'s "quoted"',
  "line\nbreak",
  "-leading-dash",
  "--",
  "naïve 名前 🦊",
  "$HOME `id` $(id)",
  "a;b&c|d>e<f",
  "back\\slash",
  "* ? [x] {a,b}",
  "#(touch probe)",
  "100% ~ !",
  " outer blanks ",
];
