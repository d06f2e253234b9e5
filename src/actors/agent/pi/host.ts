import { randomUUID } from "node:crypto";
import { access, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { MisuseError } from "../../../errors.ts";
import { HomeError, UnsupportedError } from "../../../machines/errors.ts";
import type { Machine, Reach } from "../../../machines/machine.ts";
import { reachFrom } from "../../../machines/relay.ts";
import { createTmux, type Tmux } from "../../../machines/tmux/index.ts";
import type { Door, LaunchSpec } from "../wire/index.ts";
import { placeCredentials, type ReadCredentials } from "./credentials.ts";
import { type FindOptions, type FoundPi, findPi } from "./find.ts";
import { install } from "./provision.ts";

/** The address of a door, seen from a machine. */
export type DoorAddress = Readonly<{ socket: string }> | Readonly<{ url: string }>;

/** The things that one run needs once on a machine, whatever the number of its agents there. */
export interface PiHost {
  /** A directory on the machine, 0700, that goes with the run. */
  readonly directory: string;
  /** True when the machine sees the files of this host under the same paths. */
  readonly seesHost: boolean;
  readonly tmux: Tmux;
  readonly tmuxSocket: string;
  readonly pi: FoundPi;
  /** pi's own directory there; undefined: the user's own. */
  readonly agentDir: string | undefined;
  /** The extension's file on the machine. */
  readonly extension: string;
  /** The address of the run's door, seen from the machine. */
  readonly address: DoorAddress;
  remove(): Promise<void>;
}

const roomForTmuxSocket = 90;

/** Prepare a machine. What it lacks is named before anything is made; what was made is removed when it rejects. */
export async function preparePiHost(options: {
  readonly machine: Machine;
  readonly door: Door;
  readonly id: string;
  readonly find: Omit<FindOptions, "seesHost">;
  /** Install what is missing before it is looked for. Default: false. */
  readonly install?: boolean | undefined;
  /** Default: the user's own, or one that goes with the run where files of credentials are brought. */
  readonly agentDir?: string | undefined;
  readonly credentials: ReadCredentials;
  readonly signal: AbortSignal;
  readonly record?: LaunchSpec["record"];
}): Promise<PiHost> {
  const { machine, door, id } = options;
  const seesHost = await seesFilesOf(machine, dirname(door.socket));
  const find = { ...options.find, seesHost };
  if (options.install) await install(machine, find, options.signal);
  const pi = await findPi(machine, find);
  const on = seesHost ? undefined : machine.summary;
  const record: NonNullable<LaunchSpec["record"]> = async (thing) =>
    options.record?.({ ...thing, machine: on });
  const directory = directoryFor(seesHost ? dirname(door.socket) : "/tmp", id);
  const tmuxSocket = posix.join(directory, "tmux");
  await record({ kind: "directory", file: directory });
  await record({ kind: "tmux-server", file: tmuxSocket });
  await makeDirectory(machine, directory);
  const tmux = createTmux(machine, {
    socket: tmuxSocket,
    configPath: posix.join(directory, "tmux.conf"),
  });
  const undo: (() => Promise<unknown>)[] = [
    () => machine.exec(["rm", "-rf", "--", directory]),
    () => tmux.killServer(),
  ];
  const remove = async () => {
    if (undo.length === 0) return;
    for (const step of undo.splice(0).reverse()) await step();
    await record({ kind: "tmux-server", file: tmuxSocket, gone: true });
    await record({ kind: "directory", file: directory, gone: true });
  };
  try {
    const reach = await reachFrom(machine, door.socket);
    undo.push(async () => reach?.[Symbol.asyncDispose]());
    const address = addressOf(machine, reach, door);
    const started = tmux.startServer().then(async (pid) => {
      await record({ kind: "tmux-server", file: tmuxSocket, pid: seesHost ? pid : undefined });
    });
    // Whatever fails first, the server is there or not before anything is undone.
    undo.push(() => started.catch(() => {}));
    const [extension] = await Promise.all([placeExtension(machine, directory, seesHost), started]);
    const brings = options.credentials.files.length > 0 && !seesHost;
    const agentDir = options.agentDir ?? (brings ? posix.join(directory, "pi") : undefined);
    if (agentDir !== undefined) {
      const placed = await placeCredentials(machine, agentDir, options.credentials);
      if (placed.length > 0) undo.push(() => machine.exec(["rm", "-f", "--", ...placed]));
    }
    return { agentDir, directory, seesHost, tmux, tmuxSocket, pi, extension, address, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

function addressOf(machine: Machine, reach: Reach | undefined, { url }: Door): DoorAddress {
  if (reach) return { socket: reach.socket };
  if (url === undefined) throw new UnsupportedError(machine.kind, "reach");
  return { url };
}

/** Ask the machine for a file that only this host can have. */
async function seesFilesOf(machine: Machine, directory: string): Promise<boolean> {
  const probe = join(directory, `probe-${randomUUID()}`);
  const secret = randomUUID();
  try {
    await writeFile(probe, secret, { mode: 0o600 });
    const { stdout } = await machine.exec(["cat", "--", probe]);
    return stdout === secret;
  } catch (error) {
    throw cannotWrite(directory, error);
  } finally {
    await rm(probe, { force: true });
  }
}

/** The machine's own errors say what they have to say. */
function cannotWrite(directory: string, error: unknown): unknown {
  if (!(error instanceof Error && "syscall" in error)) return error;
  return new HomeError(directory, `cannot be written (${error.message})`, error);
}

function directoryFor(above: string, id: string): string {
  const short = Buffer.byteLength(above) + id.length < roomForTmuxSocket ? above : "/tmp";
  return posix.join(short, `ramure-${id}`);
}

/** Make the directory, without `-p`: one that was there before is an error, and not used. */
async function makeDirectory(machine: Machine, directory: string): Promise<void> {
  const made = await machine.exec(["mkdir", "-m", "700", "--", directory]);
  if (!made.ok) throw new Error(`cannot make ${directory} on ${machine.summary}: ${made.stderr}`);
}

async function placeExtension(
  machine: Machine,
  directory: string,
  seesHost: boolean,
): Promise<string> {
  const bundle = await extensionBundle();
  if (seesHost) return bundle;
  const copy = posix.join(directory, "extension.mjs");
  await machine.writeFile(copy, await readFile(bundle), { mode: 0o600 });
  return copy;
}

/** `src/actors/agent` and `dist/actors/agent` are equally deep, so this is right from both. */
const bundle = fileURLToPath(new URL("../../../../dist/extension.mjs", import.meta.url));

/** Find the built extension on this host. Rejects with MisuseError (`bundle-missing`). */
async function extensionBundle(): Promise<string> {
  try {
    await access(bundle);
  } catch {
    throw new MisuseError(
      "bundle-missing",
      `The pi extension is not built: there is no ${bundle}; run npm run build.`,
    );
  }
  return bundle;
}
