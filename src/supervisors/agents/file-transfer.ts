import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Machine } from "../../machines/machine.ts";
import type { Agent } from "../process/index.ts";
import { FileTransferError } from "./errors.ts";

export interface FileCopy {
  /** The file on the sender's machine, inside its work directory. */
  readonly path: string;
  /** Where to, inside the receiver's work directory. Default: `inbox/{sender}/{file name}`. */
  readonly destination?: string | undefined;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface Copied {
  /** Where it lies, relative to the receiver's work directory. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Copy a file between the machines of two agents, through this host, and check that it arrived whole. */
export async function copyFile(
  { from, to }: { readonly from: Agent; readonly to: Agent },
  { path, destination, maxBytes, signal }: FileCopy,
): Promise<Copied> {
  const source = inside(from.machine, path);
  await checkReal(from.machine, source, signal);
  const size = await sizeOf(from.machine, source, signal);
  if (size > maxBytes) throw tooLarge(path, size, maxBytes);
  const target = inside(to.machine, targetOf(from, path, destination));
  await checkReal(to.machine, target, signal);
  const content = await from.machine.readFile(source);
  if (content.byteLength > maxBytes) throw tooLarge(path, content.byteLength, maxBytes);
  signal.throwIfAborted();
  await to.machine.writeFile(target, content);
  const sha256 = hashOf(content);
  if (hashOf(await to.machine.readFile(target)) !== sha256) {
    throw new FileTransferError(path, "what arrived is not what was sent; send it again");
  }
  return { path: posix.relative(to.machine.workDir, target), bytes: content.byteLength, sha256 };
}

function tooLarge(path: string, size: number, maxBytes: number): FileTransferError {
  return new FileTransferError(path, `it has ${size} bytes and ${maxBytes} are allowed`);
}

function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function targetOf(from: Agent, path: string, destination: string | undefined): string {
  const name = posix.basename(path);
  if (destination === undefined || destination === "") return `inbox/${from.name}/${name}`;
  return destination.endsWith("/") ? `${destination}${name}` : destination;
}

/** Give the absolute path of a file in the work directory. Throws for one that is, or says that it is, elsewhere. */
function inside({ workDir }: Machine, path: string): string {
  if (path === "" || path.includes("\0") || path.split("/").includes("..")) {
    throw new FileTransferError(path, "a path has a file name and no .. in it");
  }
  const full = posix.resolve(workDir, path);
  const root = workDir.endsWith("/") ? workDir : `${workDir}/`;
  if (full.startsWith(root)) return full;
  throw new FileTransferError(path, `it is outside the work directory ${workDir}`);
}

/** What exists of the way to `$2` must really lie below `$1`, and its end may be no link. */
const realScript = `
root=$(cd -P -- "$1" && pwd -P) || exit 3
[ -L "$2" ] && exit 4
dir=$(dirname -- "$2")
while [ ! -d "$dir" ]; do
  [ -L "$dir" ] && exit 4
  [ -e "$dir" ] && exit 5
  dir=$(dirname -- "$dir")
done
dir=$(cd -P -- "$dir" && pwd -P) || exit 3
case "$dir/" in "\${root%/}/"*) exit 0 ;; *) exit 4 ;; esac
`;

async function checkReal(machine: Machine, path: string, signal: AbortSignal): Promise<void> {
  const command = ["sh", "-c", realScript, "sh", machine.workDir, path];
  const { exitCode, stderr } = await machine.exec(command, { signal, timeoutMs: checkMs });
  if (exitCode === 0) return;
  if (exitCode === 4) {
    throw new FileTransferError(path, `a link leads out of the work directory ${machine.workDir}`);
  }
  if (exitCode === 5) throw new FileTransferError(path, "a part of its path is a file");
  throw new FileTransferError(path, stderr.trim() || `checking it ended with ${exitCode}`);
}

const checkMs = 30_000;

async function sizeOf(machine: Machine, path: string, signal: AbortSignal): Promise<number> {
  const command = ["sh", "-c", '[ -f "$1" ] && wc -c <"$1"', "sh", path];
  const { ok, stdout } = await machine.exec(command, { signal, timeoutMs: checkMs });
  if (ok) return Number(stdout.trim());
  throw new FileTransferError(path, "there is no such file, or it is a directory");
}
