import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { TmuxMissingError } from "../../../machines/errors.ts";
import type { Machine } from "../../../machines/machine.ts";
import { MachineLacksError, NodeMissingError, PiMissingError, PiTooOldError } from "./errors.ts";

/** A pi that can be started on a machine. */
export interface FoundPi {
  readonly command: string;
  readonly version: string;
}

export interface FindOptions {
  /** The pi to take, and no other. Default: one on the PATH, else one of the places below. */
  readonly command?: string | undefined;
  /** True when the machine sees this host's files: then also above this program and ramure itself. */
  readonly seesHost: boolean;
  /** The folders where a pi of this host may be seen. Default: none. */
  readonly mounted?: readonly string[] | undefined;
}

const oldestPi = "0.73.1";
const oldestNode = "20.6.0";
/** A folder of a machine where what this host lends to it is seen. */
export const toolsThere = "/opt/ramure";

/**
 * Find pi on a machine, and check what it needs there: tmux, and node where pi is a script of node's.
 *
 * Looks for the given command alone, or on the machine's PATH, in `~/.local/bin`, and in `node_modules`
 * above the work directory. Rejects with NodeMissingError, TmuxMissingError, PiMissingError or
 * PiTooOldError; where more than one thing is missing, with a MachineLacksError that names all of them.
 */
export async function findPi(machine: Machine, options: FindOptions): Promise<FoundPi> {
  const found = await lookForPi(machine, options);
  const version =
    found.pi === ""
      ? undefined
      : (versionIn(found.manifest) ?? (await askVersion(machine, found.pi)));
  const problems = [...problemsOf(machine, found, version, options)];
  const [problem, another] = problems;
  if (problem) throw another ? new MachineLacksError(machine.summary, problems) : problem;
  return { command: found.pi, version: version ?? "" };
}

/** The programs found on a machine; an empty text where there is none. */
type Found = Readonly<Record<"pi" | "manifest" | "shebang" | "node" | "tmux", string>>;

/** Look for pi and what it needs, without judging it. */
export async function lookForPi(machine: Machine, options: FindOptions): Promise<Found> {
  const places = options.seesHost
    ? [machine.workDir, process.cwd(), dirname(fileURLToPath(import.meta.url))]
    : [machine.workDir];
  const candidates = options.command
    ? [options.command]
    : [...(options.mounted ?? []), "pi", "~/.local/bin/pi", ...places.flatMap(binsAbove)];
  const words = ["sh", "-c", script, "sh", posix.join(toolsThere, "bin"), ...candidates];
  const { stdout } = await machine.exec(words, { timeoutMs: 30_000 });
  const lines = new Map(
    stdout.split("\n").map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]),
  );
  const line = (name: string) => lines.get(name) ?? "";
  return {
    pi: line("pi"),
    manifest: line("manifest"),
    shebang: line("shebang"),
    node: line("node"),
    tmux: line("tmux"),
  };
}

function* problemsOf(
  { summary }: Machine,
  found: Found,
  version: string | undefined,
  { command }: FindOptions,
): Iterable<Error> {
  const node = versionIn(found.node);
  const needsNode = found.pi === "" ? command === undefined : /\bnode\b/.test(found.shebang);
  if (needsNode && (node === undefined || olderThan(node, oldestNode))) {
    yield new NodeMissingError(summary, node, oldestNode);
  }
  if (found.tmux === "") yield new TmuxMissingError(summary);
  if (version === undefined) yield new PiMissingError(summary, looked(found.pi, command));
  else if (olderThan(version, oldestPi)) yield new PiTooOldError(found.pi, version, oldestPi);
}

function looked(found: string, command: string | undefined): string {
  if (found !== "") return `at ${found}, no pi`;
  return command ? `for ${command}` : "on its PATH, in ~/.local/bin and in node_modules";
}

function binsAbove(directory: string): readonly string[] {
  const above = dirname(directory);
  const here = join(directory, "node_modules", ".bin", "pi");
  return above === directory ? [here] : [here, ...binsAbove(above)];
}

/**
 * Prints what there is, as `name=value`: of pi the first command, its first line, and the version line
 * of the package it belongs to. Starting pi to ask takes a second.
 */
const script = `
PATH=$PATH:$1; shift
command -v tmux >/dev/null && echo "tmux=yes"
command -v node >/dev/null && echo "node=$(node --version 2>/dev/null)"
for name; do
  case $name in '~/'*) name=$HOME\${name#'~'} ;; esac
  found=$(command -v -- "$name") || continue
  real=$(readlink -f -- "$found" 2>/dev/null || echo "$found")
  echo "pi=$found"
  [ -r "$real" ] && echo "shebang=$(head -c 100 -- "$real" | head -n 1 | tr -d '\\000' | grep '^#!')"
  folder=$(dirname -- "$real")
  while [ "$folder" != / ] && [ "$folder" != . ]; do
    if grep -Eqs '"name": *"(@[^"]*/)?pi-coding-agent"' "$folder/package.json"; then
      echo "manifest=$(grep -m 1 '"version"' "$folder/package.json")"
      exit 0
    fi
    folder=$(dirname -- "$folder")
  done
  exit 0
done
`;

async function askVersion(machine: Machine, command: string): Promise<string | undefined> {
  const { stdout, stderr } = await machine.exec([command, "--version"], { timeoutMs: 30_000 });
  return versionIn(stdout) ?? versionIn(stderr);
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
