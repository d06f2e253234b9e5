import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MisuseError } from "../../errors.ts";
import { idsOf } from "../../ids.ts";
import { checkOptions } from "../../options.ts";
import { MachineStoppedError, MachineUnreachableError } from "../errors.ts";
import { callAfter, startSubprocess } from "../local/index.ts";
import type { Image, Machine, SpawnMachineOptions } from "../machine.ts";
import { startSsh } from "../ssh/index.ts";
import { fieldOf, MorphRefusal, MorphService, thingIn, thingsIn } from "./service.ts";

const newId = idsOf(16);

/** The recipe of a snapshot. The same recipe gives the same snapshot, which stays. */
export interface MorphRecipe {
  /** The id of a base image, such as `morphvm-minimal`. */
  readonly image: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskMb: number;
}

export interface MorphOptions {
  /** The id of a snapshot. Either this or `recipe`. */
  readonly snapshot?: string | undefined;
  readonly recipe?: MorphRecipe | undefined;
  /** On the machine; made if missing. Default: `/root/work`. */
  readonly workDir?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The life of a machine, in s, after this program was last heard of; it is renewed while the machine is used. Default: 3_600. */
  readonly ttlSeconds?: number | undefined;
  /** Default: `MORPH_API_KEY`. */
  readonly apiKey?: string | undefined;
  /** Default: `MORPH_BASE_URL`, else `https://cloud.morph.so/api`. */
  readonly baseUrl?: string | undefined;
  /** Default: `MORPH_SSH_HOSTNAME`, else `ssh.cloud.morph.so`. */
  readonly sshHost?: string | undefined;
  /** Default: `MORPH_SSH_PORT`, else 22. */
  readonly sshPort?: number | undefined;
  /** The key of the ssh gateway, as `ssh-keyscan` prints it. Default: the one that is in `known_hosts`, else the first that it shows. */
  readonly knownHosts?: string | undefined;
}

/**
 * A virtual machine of MorphCloud, made by its REST service and entered by ssh.
 *
 * `fork` and `snapshot` keep memory as well as files. A machine that this program does not stop ends
 * by itself after `ttlSeconds`. The key stands in no argument list: ssh reads it from a file of mode
 * 0600. Written from the published clients of the service; see `docs/machines.md` for what it was
 * tried against.
 *
 * @example
 * const image = new MorphImage({ recipe: { image: "morphvm-minimal", vcpus: 1, memoryMb: 1_024, diskMb: 8_192 } });
 * await using machine = await image.spawn({ name: "cloud", signal });
 */
export class MorphImage implements Image {
  readonly kind = "morph";
  readonly #options: MorphOptions;

  constructor(options: MorphOptions) {
    checkOptions<MorphOptions>("MorphImage", options, {
      snapshot: "text",
      recipe: "object",
      workDir: "text",
      env: "object",
      ttlSeconds: "number",
      apiKey: "text",
      baseUrl: "text",
      sshHost: "text",
      sshPort: "number",
      knownHosts: "text",
    });
    if ((options.snapshot === undefined) === (options.recipe === undefined)) {
      throw new MisuseError(
        "morph-source",
        "MorphImage takes either `snapshot`, the id of one, or `recipe`, of which one is made.",
      );
    }
    this.#options = options;
  }

  async spawn(spawn: SpawnMachineOptions): Promise<Machine> {
    spawn.signal.throwIfAborted();
    const account = accountOf(this.#options);
    const snapshot = await this.#snapshot(account.service, spawn.signal);
    const id = await startInstance(account, snapshot, spawn);
    return enter({ options: this.#options, account, id, spawn });
  }

  async #snapshot(service: MorphService, signal: AbortSignal): Promise<string> {
    const { snapshot, recipe } = this.#options;
    if (recipe === undefined) return snapshot ?? "";
    const { image, vcpus, memoryMb, diskMb } = recipe;
    const body = { image_id: image, vcpus, memory: memoryMb, disk_size: diskMb };
    const digest = createHash("sha256").update(JSON.stringify(body)).digest("hex");
    const made = await service.thing("POST", "/snapshot", {
      body: { ...body, digest: `ramure-${digest}` },
      signal,
    });
    await service.ready(`/snapshot/${made.id}`, signal);
    return made.id;
  }
}

interface Account {
  readonly service: MorphService;
  readonly key: string;
  readonly ttlSeconds: number;
}

function accountOf({ apiKey, baseUrl, ttlSeconds = 3_600 }: MorphOptions): Account {
  const { MORPH_API_KEY, MORPH_BASE_URL } = process.env;
  const key = apiKey ?? MORPH_API_KEY ?? "";
  if (!/^[\x21-\x7e]+$/.test(key) || key.includes('"')) {
    const what = key === "" ? "there is none" : "the one given has characters that no key has";
    throw new MisuseError(
      "morph-key",
      `A morph machine needs a key of MorphCloud, and ${what}; set MORPH_API_KEY, or give \`apiKey\`.`,
    );
  }
  const url = baseUrl ?? MORPH_BASE_URL ?? "https://cloud.morph.so/api";
  return { service: new MorphService(url, key), key, ttlSeconds };
}

/** An instance costs money from here on: what happens before it is known is undone by its mark. */
async function startInstance(
  { service, ttlSeconds }: Account,
  snapshot: string,
  { name, env, signal }: SpawnMachineOptions,
): Promise<string> {
  const mark = newId();
  const run = env?.RAMURE_RUN;
  const metadata = {
    "ramure.machine": name,
    "ramure.spawn": mark,
    ...(run === undefined ? {} : { "ramure.run": run }),
  };
  try {
    const made = await service.thing("POST", "/instance", {
      query: { snapshot_id: snapshot },
      body: { metadata, ttl_seconds: ttlSeconds, ttl_action: "stop" },
      signal,
    });
    return made.id;
  } catch (error) {
    const query = { "metadata[ramure.spawn]": mark };
    const left = await service.call("GET", "/instance", { query }).catch(() => undefined);
    for (const { id } of thingsIn(left, "data")) await service.remove(`/instance/${id}`);
    throw error;
  }
}

interface Entry {
  readonly options: MorphOptions;
  readonly account: Account;
  /** The instance; it is removed with the machine, and when it cannot be entered. */
  readonly id: string;
  readonly spawn: SpawnMachineOptions;
  /** A snapshot that only this instance needed. */
  readonly snapshot?: string | undefined;
}

/** Wait for an instance and enter it. */
async function enter(entry: Entry): Promise<Machine> {
  const { options, account, id, spawn, snapshot } = entry;
  const { service, key } = account;
  const folder = await mkdtemp(join(tmpdir(), "ramure-morph-"));
  const remove = async (): Promise<void> => {
    try {
      await service.remove(`/instance/${id}`);
      if (snapshot !== undefined) await service.remove(`/snapshot/${snapshot}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  try {
    if (snapshot !== undefined) await renew(account, id);
    await service.ready(`/instance/${id}`, spawn.signal);
    const workDir = options.workDir ?? "/root/work";
    const summary = `morph ${id}, ${workDir}`;
    const config = await sshConfig({ options, folder, user: `${id}:${key}` });
    const trust = options.knownHosts === undefined ? { StrictHostKeyChecking: "accept-new" } : {};
    const ssh = await startSsh(
      { host, config, workDir, env: options.env, knownHosts: options.knownHosts, options: trust },
      spawn,
      {
        lost: new Set(),
        kind: "morph",
        summary,
        hide: (text) => text.replaceAll(key, "[redacted]"),
        explain: () => stateOf(service, id),
      },
    );
    return inhabited({ ...entry, ssh, remove });
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The name that ssh's configuration gives to the machine. */
const host = "morph-instance";

/** The user's name carries the key, so it stands in a file that only this user can read. Any key of ssh's will do. */
async function sshConfig(of: {
  readonly options: MorphOptions;
  readonly folder: string;
  readonly user: string;
}): Promise<string> {
  const { options, folder, user } = of;
  const { MORPH_SSH_HOSTNAME, MORPH_SSH_PORT } = process.env;
  const identity = join(folder, "key");
  const words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", identity];
  const made = await startSubprocess(words, { cwd: folder, env: process.env }).result;
  if (!made.ok) throw new MachineUnreachableError("morph", `ssh-keygen: ${made.stderr.trim()}`);
  const config = join(folder, "config");
  const lines = [
    `Host ${host}`,
    `HostName ${options.sshHost ?? MORPH_SSH_HOSTNAME ?? "ssh.cloud.morph.so"}`,
    `Port ${options.sshPort ?? MORPH_SSH_PORT ?? 22}`,
    `User "${user}"`,
    `IdentityFile "${identity}"`,
    "IdentitiesOnly yes",
  ];
  await writeFile(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  return config;
}

async function stateOf(service: MorphService, id: string): Promise<string | undefined> {
  try {
    const { status } = thingIn(await service.call("GET", `/instance/${id}`));
    return status === "ready" ? undefined : `the instance is ${status}`;
  } catch (error) {
    if (error instanceof MorphRefusal && error.status === 404) return "the instance is gone";
    throw error;
  }
}

interface Inhabited extends Entry {
  readonly ssh: Machine;
  remove(): Promise<void>;
}

/** The machine that a program holds: one of ssh that is renewed, can be forked, and is removed at its end. */
function inhabited({ options, account, id, spawn, ssh, remove }: Inhabited): Machine {
  const { service } = account;
  let stopping: Promise<void> | undefined;
  const letGo = keepAlive(account, id);
  const leave = async (): Promise<void> => {
    letGo();
    try {
      await ssh.stop();
    } finally {
      await remove();
    }
  };
  const stop = (): Promise<void> => {
    stopping ??= leave();
    return stopping;
  };
  const assertUsable = (): void => {
    if (stopping) throw new MachineStoppedError(ssh.summary);
  };
  return {
    ...ssh,
    stop,
    [Symbol.asyncDispose]: stop,
    snapshot: async () => {
      assertUsable();
      const made = await service.thing("POST", `/instance/${id}/snapshot`);
      await service.ready(`/snapshot/${made.id}`, new AbortController().signal);
      return new MorphImage({ ...options, recipe: undefined, snapshot: made.id });
    },
    fork: async () => {
      assertUsable();
      const query = { count: "1" };
      const made = await service.ask("POST", `/instance/${id}/branch`, { query });
      const [instance] = thingsIn(made, "instances");
      if (instance === undefined) {
        throw new MachineUnreachableError(ssh.summary, "the service gave no branch of it");
      }
      const snapshot = thingIn(fieldOf(made, "snapshot")).id;
      const { signal } = new AbortController();
      return enter({ options, account, id: instance.id, spawn: { ...spawn, signal }, snapshot });
    },
  };
}

/** Give an instance its whole time again. */
async function renew({ service, ttlSeconds }: Account, id: string): Promise<void> {
  const body = { ttl_seconds: ttlSeconds, ttl_action: "stop" };
  await service.ask("POST", `/instance/${id}/ttl`, { body });
}

/** Renew the time that an instance has left, again and again. Gives how to end that. */
function keepAlive(account: Account, id: string): () => void {
  let ended = false;
  let callOff = (): void => {};
  const renewLater = (): void => {
    callOff = callAfter((account.ttlSeconds * 1_000) / 3, async () => {
      // One that fails is followed by others; when all fail, the machine ends, which its commands tell.
      await renew(account, id).catch(() => {});
      if (!ended) renewLater();
    });
  };
  renewLater();
  return () => {
    ended = true;
    callOff();
  };
}
