import { mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { idsOf } from "../../ids.ts";
import { checkOptions } from "../../options.ts";
import { MachineUnreachableError, unsafeWord } from "../errors.ts";
import { pause } from "../local/index.ts";
import type { Argv, Image, Machine, Reach, Remains, SpawnMachineOptions } from "../machine.ts";
import { hostPipe, LostWay, type Pipe, startPiped, type Way } from "../piped/index.ts";
import { relay } from "../relay.ts";
import { assertWord, shellLine } from "../shell.ts";
import { sweepWords } from "../sweep.ts";
import { Connections } from "./connections.ts";

const newId = idsOf(12);

export interface SshOptions {
  /** `host`, `user@host`, or a name of the user's ssh configuration. */
  readonly host: string;
  /** Default: that of the configuration, else 22. */
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** The file of a private key. Default: those of the configuration and the ssh agent. */
  readonly identity?: string | undefined;
  /** Hosts to go through, as `ssh -J` takes them. */
  readonly jump?: string | undefined;
  /** The host's key, as `ssh-keyscan` prints it; no other is accepted. Default: the user's own `known_hosts`. */
  readonly knownHosts?: string | undefined;
  /** A configuration file in place of the user's and the system's own. Default: those. */
  readonly config?: string | undefined;
  /** More options, such as `{ Compression: "yes" }`. */
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** On the host; made if missing. Default: a new folder under `/tmp`, which stays. */
  readonly workDir?: string | undefined;
  /** Added to the environment that the host gives. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The seconds of silence that end a connection. Default: 5. */
  readonly silenceSeconds?: number | undefined;
}

/**
 * A host that the system's OpenSSH reaches without asking: by key, with a known host key.
 *
 * Commands share connections. When the link is cut they reject with MachineUnreachableError, and
 * never with an exit code.
 *
 * @example
 * await using machine = await new SshImage({ host: "build@10.0.0.7", workDir: "/srv/work" }).spawn({ name: "remote", signal });
 */
export class SshImage implements Image {
  readonly kind = "ssh";
  readonly #options: SshOptions;
  /** Machines of this image that were given up while the host could not be reached. */
  readonly #lost = new Set<string>();

  constructor(options: SshOptions) {
    checkOptions<SshOptions>("SshImage", options, {
      host: "text",
      port: "number",
      user: "text",
      identity: "text",
      jump: "text",
      knownHosts: "text",
      config: "text",
      options: "object",
      workDir: "text",
      env: "object",
      silenceSeconds: "number",
    });
    assertWord(options.host);
    if (options.host === "" || options.host.startsWith("-")) {
      throw unsafeWord(options.host, "a host begins with a letter or a digit");
    }
    this.#options = options;
  }

  spawn(spawn: SpawnMachineOptions): Promise<Machine> {
    return startSsh(this.#options, spawn, { lost: this.#lost });
  }
}

/** End what a machine of a killed program left on its host, and remove directories there. Rejects when the host cannot be reached. */
export async function removeSshRemains(
  { name, facts }: Remains,
  directories: readonly string[],
): Promise<void> {
  const lost = new Set([name]);
  const { signal } = new AbortController();
  const options = { ...(facts?.options as SshOptions), workDir: "/tmp" };
  await using machine = await startSsh(options, { name: "gc", signal }, { lost });
  if (lost.size > 0) throw new MachineUnreachableError(machine.summary, "a process stays");
  await machine.exec(["rm", "-rf", "--", ...directories]);
}

/** The place that a backend which uses ssh gives for its machines. */
export interface SshPlace {
  /** Machines that were given up while the host could not be reached; the next one ends what they left. */
  readonly lost: Set<string>;
  readonly kind?: string | undefined;
  readonly summary?: string | undefined;
  /** Takes out of what ssh says what nobody may read. Default: nothing. */
  readonly hide?: ((text: string) => string) | undefined;
  readonly explain?: (() => Promise<string | undefined>) | undefined;
}

/** Start a machine that ssh reaches. */
export async function startSsh(
  options: SshOptions,
  { signal, env, record }: SpawnMachineOptions,
  place: SshPlace,
): Promise<Machine> {
  signal.throwIfAborted();
  const id = newId();
  const folder = join(tmpdir(), `ramure-ssh-${id}`);
  const remains: Remains = { kind: "ssh", name: id, folder, facts: { options }, far: true };
  // Another backend that uses ssh records what it made itself.
  const keep = place.kind === undefined ? record : undefined;
  await keep?.(remains);
  await mkdir(folder, { mode: 0o700 });
  const words = await sshWords(options, folder);
  const gone = async () => await keep?.({ ...remains, gone: true });
  const machine = await startPiped({
    way: new SshHost(options, { ...place, folder, words, id, gone }),
    workDir: options.workDir ?? `/tmp/ramure-${id}`,
    env: { ...options.env, ...env },
    signal,
    id,
  });
  await endLost(machine, place.lost);
  return machine;
}

/**
 * End the things that a machine left when its host was out of reach, as soon as the host is back.
 */
async function endLost(machine: Machine, lost: Set<string>): Promise<void> {
  for (const id of [...lost]) {
    const { ok } = await machine.exec(sweepWords({ marker: `RAMURE_MACHINE=${id}` }, "KILL"));
    if (ok) lost.delete(id);
  }
}

async function sshWords(options: SshOptions, folder: string): Promise<Argv> {
  const { port, user, identity, jump, knownHosts, config, silenceSeconds = 5 } = options;
  const chosen: Record<string, string> = {
    BatchMode: "yes",
    ConnectTimeout: "10",
    ServerAliveInterval: String(Math.max(1, Math.floor(silenceSeconds / 3))),
    ServerAliveCountMax: "3",
    StreamLocalBindUnlink: "yes",
    StreamLocalBindMask: "0177",
    ...options.options,
  };
  if (knownHosts !== undefined) {
    const file = join(folder, "known_hosts");
    await writeFile(file, `${knownHosts.trim()}\n`, { mode: 0o600 });
    Object.assign(chosen, {
      UserKnownHostsFile: file,
      StrictHostKeyChecking: "yes",
      GlobalKnownHostsFile: "/dev/null",
    });
  }
  return [
    "ssh",
    ...(config === undefined ? [] : ["-F", resolve(config)]),
    ...Object.entries(chosen).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(identity === undefined ? [] : ["-i", resolve(identity), "-o", "IdentitiesOnly=yes"]),
    ...(jump === undefined ? [] : ["-J", jump]),
  ];
}

interface SshParts extends SshPlace {
  /** Ours on this host: sockets of connections, pinned keys. */
  readonly folder: string;
  readonly words: Argv;
  readonly id: string;
  /** Called when nothing of the machine is left there. */
  readonly gone: () => Promise<void>;
}

interface ForwardEnds {
  /** Settles when the connection of the forward has ended. */
  readonly lost: Promise<unknown>;
  /** Aborts when the forward is not wanted any more. */
  readonly signal: AbortSignal;
}

/** From one attempt to make a forward again to the next. */
const forwardAgainMs = 1_000;

class SshHost implements Way {
  readonly kind: string;
  readonly summary: string;
  readonly explain: (() => Promise<string | undefined>) | undefined;
  readonly #options: SshOptions;
  readonly #parts: SshParts;
  readonly #connections: Connections;
  readonly #released = new AbortController();

  constructor(options: SshOptions, parts: SshParts) {
    const { host, port, workDir } = options;
    const where = `${host}${port === undefined ? "" : `:${port}`}${workDir ? `, ${workDir}` : ""}`;
    this.kind = parts.kind ?? "ssh";
    this.summary = parts.summary ?? where;
    this.explain = parts.explain;
    this.#options = options;
    this.#parts = parts;
    const { words: ssh, folder, hide } = parts;
    this.#connections = new Connections({ ssh, host, folder, hide });
  }

  async open(words: Argv): Promise<Pipe> {
    const place = await this.#connections.take();
    const pipe = hostPipe([...place.words, "exec", shellLine(words)]);
    const closed = Promise.race([pipe.closed, place.lost]);
    void pipe.closed.then(() => place.free());
    return { ...pipe, closed };
  }

  shell = (words: Argv): Argv => {
    const { words: ssh } = this.#parts;
    const [first = "ssh", ...rest] = ssh;
    const script = `[ -t 0 ] && terminal=-tt || terminal=-T; program=$1; shift; exec "$program" "$terminal" "$@"`;
    return ["sh", "-c", script, "sh", first, ...rest, this.#options.host, shellLine(words)];
  };

  /** A socket there that sshd forwards; where it may not, a relay. */
  reach = async (socket: string, machine: Machine): Promise<Reach> => {
    const there = `/tmp/ramure-${newId()}.sock`;
    const forward = ["-R", `${there}:${socket}`];
    const over = new AbortController();
    try {
      const { lost } = await this.#connections.ask("forward", ...forward);
      const signal = AbortSignal.any([over.signal, this.#released.signal]);
      void this.#keepForward(there, forward, { lost, signal });
    } catch (error) {
      if (error instanceof LostWay) return relay(machine, socket);
      throw error;
    }
    return {
      socket: there,
      [Symbol.asyncDispose]: async () => {
        over.abort();
        await this.#connections.ask("cancel", ...forward).catch(() => {});
        await machine.exec(["rm", "-f", "--", there]).catch(() => {});
      },
    };
  };

  /** A forward ends with its connection, and is made again with the next one. Never rejects. */
  async #keepForward(there: string, forward: Argv, of: ForwardEnds): Promise<void> {
    let { lost } = of;
    const aborted = new Promise((resolve) => of.signal.addEventListener("abort", resolve));
    while (!of.signal.aborted) {
      await Promise.race([lost, aborted]);
      if (of.signal.aborted) return;
      const again = await this.#forwardAgain(there, forward).catch(() => undefined);
      lost = again?.lost ?? pause(forwardAgainMs, of.signal);
    }
  }

  /** The socket of the last one is still there, and sshd binds over none. */
  async #forwardAgain(there: string, forward: Argv): Promise<Pick<ForwardEnds, "lost">> {
    const removing = await this.open(["rm", "-f", "--", there]);
    removing.output.resume();
    removing.errors.resume();
    removing.input.end();
    await removing.closed;
    return await this.#connections.ask("forward", ...forward);
  }

  async release(swept: boolean): Promise<void> {
    this.#released.abort();
    const { folder, id, lost, gone } = this.#parts;
    if (!swept) lost.add(id);
    await this.#connections.close();
    await rm(folder, { recursive: true, force: true });
    if (swept) await gone();
  }
}
