import { realpath } from "node:fs/promises";
import { posix } from "node:path";
import { LocalImage } from "../../../machines/local/index.ts";
import type { Machine, Mount } from "../../../machines/machine.ts";
import { piPackage } from "./errors.ts";
import { type FindOptions, findPi, lookForPi, toolsThere } from "./find.ts";

/** This host's node and pi, as a machine may see them. */
export interface LentTools {
  readonly mounts: readonly Mount[];
  /** The places where pi is then found: under the mount, or where the machine sees this host's files. */
  readonly commands: readonly string[];
}

/** Find what this host can lend to machines. Without a pi here it is node alone. */
export async function lentTools(command: string | undefined): Promise<LentTools> {
  const node = { source: process.execPath, target: posix.join(toolsThere, "bin/node") };
  const { signal } = new AbortController();
  const here = await new LocalImage().spawn({ name: "here", signal });
  const found = await lookForPi(here, { command, seesHost: true }).finally(() => here.stop());
  if (found.pi === "") return { mounts: [readOnly(node)], commands: [] };
  const pi = await realpath(found.pi);
  // pi's own packages may lie beside it: the outermost `node_modules` has them all.
  const [above, ...below] = pi.split("/node_modules/");
  const isAlone = above === undefined || below.length === 0;
  const source = isAlone ? pi : `${above}/node_modules`;
  const target = posix.join(toolsThere, isAlone ? "bin/pi" : "node_modules");
  const there = isAlone ? target : posix.join(target, below.join("/node_modules/"));
  return { mounts: [node, { source, target }].map(readOnly), commands: [there, pi] };
}

function readOnly(mount: Mount): Mount {
  return { ...mount, readOnly: true };
}

/**
 * Install on a machine what it lacks for pi, by its package manager and by npm, into `~/.local`.
 *
 * What cannot be installed is not thrown here: whoever looks afterwards names it. Gives what was said.
 */
export async function install(
  machine: Machine,
  find: FindOptions,
  signal: AbortSignal,
): Promise<string> {
  const lacks = await findPi(machine, find).then(
    () => false,
    () => true,
  );
  if (!lacks) return "";
  const words = ["sh", "-c", installScript, "sh", piPackage];
  const { ok, stdout, stderr } = await machine.exec(words, { signal });
  return ok ? "" : `${stdout}${stderr}`.trim().split("\n").slice(-6).join("\n");
}

const installScript = `
packages=
command -v tmux >/dev/null || packages=tmux
command -v npm >/dev/null || packages="$packages nodejs npm"
if [ "$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi
if [ -n "$packages" ]; then
  if command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $packages
  elif command -v apk >/dev/null; then $sudo apk add $packages
  elif command -v dnf >/dev/null; then $sudo dnf install -y $packages
  elif command -v brew >/dev/null; then brew install $(echo "$packages" | sed 's/nodejs npm/node/')
  else echo "there is no apt-get, apk, dnf or brew" >&2
  fi || exit
fi
command -v pi >/dev/null && exit
npm install --global --prefix "$HOME/.local" --ignore-scripts --no-audit --no-fund "$1"
`;
