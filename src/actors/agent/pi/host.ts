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
import { type FoundPi, findPi } from "./find.ts";

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
  /** The extension's file on the machine. */
  readonly extension: string;
  /** The address of the run's door, seen from the machine. */
  readonly address: DoorAddress;
  remove(): Promise<void>;
}

const roomForTmuxSocket = 90;

/** Prepare a machine. What was made is removed when it rejects. */
export async function preparePiHost(options: {
  readonly machine: Machine;
  readonly door: Door;
  readonly id: string;
  readonly command?: string | undefined;
  readonly record?: LaunchSpec["record"];
}): Promise<PiHost> {
  const { machine, door, id } = options;
  const seesHost = await seesFilesOf(machine, dirname(door.socket));
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
    for (const step of undo.splice(0).reverse()) await step();
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
    const [pi, extension] = await Promise.all([
      findPi(machine, { command: options.command, seesHost }),
      placeExtension(machine, directory, seesHost),
      started,
    ]);
    return { directory, seesHost, tmux, tmuxSocket, pi, extension, address, remove };
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
