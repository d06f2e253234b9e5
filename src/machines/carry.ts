import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { customAlphabet } from "nanoid";
import { MachineFileError } from "./errors.ts";
import type { Duplex, Machine } from "./machine.ts";

const newId = customAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", 10);

/**
 * Copy a file of this host to a machine, whole or not at all. Gives its SHA-256, which was compared there.
 *
 * A machine with `duplex` gets it as a stream, however large it is; another one in one piece.
 * Rejects with MachineFileError when a file cannot be used, or changed on the way.
 */
export async function sendFile(machine: Machine, from: string, to: string): Promise<string> {
  const path = posix.resolve(machine.workDir, to);
  const hash = await hashOf(from).catch((cause: unknown) => {
    throw new MachineFileError("read", from, reasonIn(cause), { cause });
  });
  if (!machine.duplex) {
    await machine.writeFile(path, await readFile(from));
    return hash;
  }
  const words = ["bash", "-c", takeScript, "bash", path, newId(), hash];
  const taking = await machine.duplex(words);
  taking.output.resume();
  // It may end before it has read all: how it ended says why.
  await pipeline(createReadStream(from), taking.input).catch(() => {});
  await ended(machine, taking, { what: "write", path });
  return hash;
}

/**
 * Copy a file of a machine to this host, whole or not at all. Gives its SHA-256, which was compared here.
 *
 * A machine with `duplex` sends it as a stream, however large it is; another one in one piece.
 * Rejects with MachineFileError when a file cannot be used, or changed on the way.
 */
export async function fetchFile(machine: Machine, from: string, to: string): Promise<string> {
  const path = posix.resolve(machine.workDir, from);
  const draft = `${to}.ramure-${newId()}.tmp`;
  try {
    const told = await received(machine, path, draft);
    const hash = await hashOf(draft);
    if (told !== undefined && told !== hash) throw new MachineFileError("read", path, changed);
    await rename(draft, to);
    return hash;
  } catch (error) {
    await rm(draft, { force: true });
    if (error instanceof Error && "syscall" in error) {
      throw new MachineFileError("write", to, reasonIn(error), { cause: error });
    }
    throw error;
  }
}

const changed = "it changed on the way";

/** Write what the machine sends to a file. Gives the hash that the machine tells, if it tells one. */
async function received(
  machine: Machine,
  path: string,
  draft: string,
): Promise<string | undefined> {
  if (!machine.duplex) {
    await writeFile(draft, await machine.readFile(path));
    return undefined;
  }
  const giving = await machine.duplex(["bash", "-c", giveScript, "bash", path]);
  giving.input.end();
  try {
    await pipeline(giving.output, createWriteStream(draft));
  } catch (error) {
    giving.kill();
    throw error;
  }
  const said = await ended(machine, giving, { what: "read", path });
  return said.trim().split("\n").at(-1);
}

/** Wait for the end of a stream. A machine that is gone rejects as such, and not as a file that failed. */
async function ended(
  machine: Machine,
  duplex: Duplex,
  { what, path }: { readonly what: string; readonly path: string },
): Promise<string> {
  const { exitCode, stderr } = await duplex.exited;
  if (exitCode === 0) return stderr;
  await machine.exec(["true"]);
  const why = exitCode === differs ? changed : stderr.trim().split("\n").at(-1);
  throw new MachineFileError(what, path, why || `exit code ${exitCode}`);
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

function reasonIn(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** The exit code of a file that is not the one that was sent. */
const differs = 91;

const hashThere = `hash() { { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1; }
`;

const takeScript = `export LC_ALL=C
${hashThere}
path=$1 draft=$1.ramure-$2.tmp
mkdir -p -- "\${path%/*}/" || exit
[ ! -d "$path" ] || { echo 'Is a directory' >&2; exit 90; }
trap 'rm -f -- "$draft"' EXIT
cat > "$draft" || exit
[ "$(hash < "$draft")" = "$3" ] || exit ${differs}
mv -f -- "$draft" "$path"
`;

const giveScript = `export LC_ALL=C
${hashThere}
[ -f "$1" ] || { [ -e "$1" ] && echo 'not a regular file' >&2 || echo 'No such file or directory' >&2; exit 90; }
cat -- "$1" && hash < "$1" >&2
`;
