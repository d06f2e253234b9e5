import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Machine } from "../../../machines/machine.ts";
import { PiMissingError, PiTooOldError } from "./errors.ts";

/** A pi that can be started on a machine. */
export interface FoundPi {
  readonly command: string;
  readonly version: string;
}

const oldest = "0.73.1";

/**
 * Find pi on a machine: the given command, the machine's PATH, then `node_modules` above the work
 * directory and, where the machine sees this host's files, above this program and ramure itself.
 *
 * Rejects with PiMissingError or PiTooOldError.
 */
export async function findPi(
  machine: Machine,
  options: { readonly command?: string | undefined; readonly seesHost: boolean },
): Promise<FoundPi> {
  const places = options.seesHost
    ? [machine.workDir, process.cwd(), dirname(fileURLToPath(import.meta.url))]
    : [machine.workDir];
  const candidates = options.command ? [options.command] : ["pi", ...places.flatMap(binsAbove)];
  const { stdout } = await machine.exec(["sh", "-c", script, "sh", ...candidates], {
    timeoutMs: 30_000,
  });
  const [command, manifest = ""] = stdout.split("\n");
  if (!command) throw new PiMissingError(machine.summary, looked(options.command));
  const version = versionIn(manifest) ?? (await askVersion(machine, command));
  if (olderThan(version, oldest)) throw new PiTooOldError(command, version, oldest);
  return { command, version };
}

function looked(command: string | undefined): string {
  return command ? `for ${command}` : "on its PATH and in node_modules";
}

function binsAbove(directory: string): readonly string[] {
  const above = dirname(directory);
  const here = join(directory, "node_modules", ".bin", "pi");
  return above === directory ? [here] : [here, ...binsAbove(above)];
}

/** Prints the first command that there is, and the version line of the package it belongs to: starting pi to ask takes a second. */
const script = `
for name; do
  found=$(command -v -- "$name") || continue
  real=$(readlink -f -- "$found" 2>/dev/null || echo "$found")
  echo "$found"
  folder=$(dirname -- "$real")
  while [ "$folder" != / ] && [ "$folder" != . ]; do
    if grep -Eqs '"name": *"(@[^"]*/)?pi-coding-agent"' "$folder/package.json"; then
      grep -m 1 '"version"' "$folder/package.json"
      exit 0
    fi
    folder=$(dirname -- "$folder")
  done
  exit 0
done
`;

async function askVersion(machine: Machine, command: string): Promise<string> {
  const { stdout, stderr } = await machine.exec([command, "--version"], { timeoutMs: 30_000 });
  const version = versionIn(stdout) ?? versionIn(stderr);
  if (version === undefined) throw new PiMissingError(machine.summary, `at ${command}, no pi`);
  return version;
}

function versionIn(text: string): string | undefined {
  return /(\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** Tell whether version `have` comes before `want`. */
export function olderThan(have: string, want: string): boolean {
  const [left = [], right = []] = [have, want].map((version) => version.split(".").map(Number));
  const at = [0, 1, 2].find((part) => left[part] !== right[part]);
  return at !== undefined && (left[at] ?? 0) < (right[at] ?? 0);
}
