import { createHash } from "node:crypto";
import { posix } from "node:path";
import { idsOf } from "../../ids.ts";

import type { ExecOptions, Machine } from "../../machines/machine.ts";
import { FileTransferError } from "./errors.ts";
import { readScript, writeScript } from "./file-scripts.ts";

/** One of the two agents of a copy. */
export interface FileOwner {
  /** The word that the other agent knows it by. */
  readonly word: string;
  readonly machine: Machine;
}

export interface FileCopy {
  /** The file on the sender's machine, inside its work directory. */
  readonly path: string;
  /** The destination, inside the receiver's work directory. Default: `inbox/{sender}/{file name}`. */
  readonly destination?: string | undefined;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface Copied {
  /** The place of the file, relative to the receiver's work directory. */
  readonly path: string;
  /** The wanted place, when something was there already. */
  readonly wanted?: string | undefined;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Copy a file between the machines of two agents, through this host, and check that it arrived whole.
 *
 * The file keeps its permissions, and never replaces another: where there is one, a number is added
 * to its name. Only commands on the two machines touch the directories of the agents, and they look
 * at what they opened, not at a name that an agent can give to something else meanwhile.
 */
export async function copyFile(
  { from, to }: { readonly from: FileOwner; readonly to: FileOwner },
  { path, destination, maxBytes, signal }: FileCopy,
): Promise<Copied> {
  const source = inside(from.machine, path);
  const target = inside(to.machine, targetOf(from.word, path, destination));
  const limits = { maxBytes: Math.min(maxBytes, largest), signal };
  const { content, mode } = await read(from.machine, source, limits);
  const name = await write(to.machine, target, { content, mode, signal });
  const wanted = posix.relative(to.machine.workDir, target);
  const arrived = posix.join(posix.dirname(wanted), name);
  return {
    path: arrived,
    wanted: arrived === wanted ? undefined : wanted,
    bytes: content.byteLength,
    sha256: hashOf(content),
  };
}

function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function targetOf(sender: string, path: string, destination: string | undefined): string {
  const name = posix.basename(path);
  if (destination === undefined || destination === "") return `inbox/${sender}/${name}`;
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

interface FileContent {
  readonly content: Uint8Array;
  /** The permissions of the file, as octal digits. */
  readonly mode: string;
}

/**
 * The longest command on a machine, in ms: an agent may play tricks with its directory to hold it
 * up.
 */
const commandMs = 60_000;

async function read(
  machine: Machine,
  path: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<FileContent> {
  const { directory, name } = placeOf(machine, path);
  const output = await run(machine, {
    path,
    words: [readScript, "sh", machine.workDir, directory, name, String(maxBytes)],
    // What is read is encoded in base64.
    options: { signal, maxOutputBytes: 2 * maxBytes + 65_536 },
  });
  const [facts = "", ...encoded] = output.split("\n");
  const [permissions = "", size = ""] = facts.split(" ");
  const content = Buffer.from(encoded.join(""), "base64");
  const bytes = Math.max(Number(size), content.byteLength);
  if (bytes <= maxBytes) return { content, mode: octal(permissions) };
  throw new FileTransferError(path, `it has ${bytes} bytes and ${maxBytes} are allowed`);
}

/** The largest file that can be read: more than this does not fit into what a command can say. */
const largest = 256 * 1024 * 1024;

const newId = idsOf(12);

/** Write a file under a name that is free. Gives the name. */
async function write(
  machine: Machine,
  path: string,
  { content, mode, signal }: FileContent & { readonly signal: AbortSignal },
): Promise<string> {
  const { directory, name } = placeOf(machine, path);
  const extension = posix.extname(name);
  const stem = name.slice(0, name.length - extension.length);
  const draft = `.ramure-${newId()}.tmp`;
  const output = await run(machine, {
    path,
    words: [writeScript, "sh", machine.workDir, directory, stem, extension, draft, mode],
    options: { signal, input: content },
  });
  const sum = output.slice(0, 64);
  if (sum === hashOf(content)) return output.slice(65, -1);
  throw new FileTransferError(path, "what arrived is not what was sent; send it again");
}

function placeOf({ workDir }: Machine, path: string): { directory: string; name: string } {
  return { directory: posix.dirname(posix.relative(workDir, path)), name: posix.basename(path) };
}

interface FileCommand {
  readonly path: string;
  /** The script and its arguments. */
  readonly words: readonly string[];
  readonly options: ExecOptions;
}

async function run(machine: Machine, { path, words, options }: FileCommand): Promise<string> {
  const command = ["sh", "-c", ...words];
  const result = await machine.exec(command, { ...options, timeoutMs: commandMs });
  if (result.exitCode === 0) return result.stdout;
  const known = problems.get(result.exitCode);
  if (known !== undefined) throw new FileTransferError(path, known(machine));
  const why = result.stderr.trim() || `the command that copies ended with ${result.exitCode}`;
  throw new FileTransferError(path, why);
}

/** The meanings of the scripts' exit codes. */
const problems: ReadonlyMap<number, (machine: Machine) => string> = new Map([
  [14, ({ workDir }: Machine) => `a link leads out of the work directory ${workDir}`],
  [15, () => "a part of its path is a file"],
  [16, () => "there is no such file, or it is a directory"],
  [17, () => "there are too many files of that name"],
]);

/** Turn permissions as `ls` shows them into octal digits; whose program it is to run as is not carried over. */
function octal(permissions: string): string {
  const digit = (at: number): number =>
    [4, 2, 1].reduce(
      (sum, bit, n) => sum + (/[rwxst]/.test(permissions[at + n] ?? "") ? bit : 0),
      0,
    );
  return `${digit(1)}${digit(4)}${digit(7)}`;
}
