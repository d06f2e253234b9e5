import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { idsOf } from "../../ids.ts";
import { checkOptions } from "../../options.ts";
import { MachineUnreachableError, UnsupportedError } from "../errors.ts";
import type { Argv, Image, Machine, Reach, Remains, SpawnMachineOptions } from "../machine.ts";
import { type Pipe, startPiped, type Way } from "../piped/index.ts";
import { forwardSocket } from "../reach.ts";
import { relay } from "../relay.ts";
import { defaultSocket, Engine, EngineRefusal, field, textField } from "./engine.ts";
import { execPipe } from "./exec-pipe.ts";
import { removeImageRemains } from "./remains.ts";

const newId = idsOf(10);

export interface ContainerMount {
  /** A path of the engine's host. */
  readonly source: string;
  readonly target: string;
  readonly readOnly?: boolean | undefined;
}

export interface ContainerOptions {
  /** A name or id; pulled if the engine has none. Needs bash and the usual POSIX commands, and tmux and node for agents. */
  readonly image?: string | undefined;
  /** Instead of `image`: a container that runs already. It is used, and neither ended nor removed. */
  readonly container?: string | undefined;
  /** The work directory in the container; made if missing. Default: `/work`. */
  readonly workDir?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly mounts?: readonly ContainerMount[] | undefined;
  /** `none`, `host`, `bridge`, or the name of a network. Default: the engine's. */
  readonly network?: string | undefined;
  readonly limits?:
    | {
        readonly memoryBytes?: number | undefined;
        readonly cpus?: number | undefined;
        readonly processes?: number | undefined;
      }
    | undefined;
  /** The user that runs commands. Default: the image's. */
  readonly user?: string | undefined;
  /** Leave the container running when the machine stops. Default: false. */
  readonly keep?: boolean | undefined;
  /** The engine's Unix socket. Default: that of `DOCKER_HOST`, else docker's, else podman's. */
  readonly socket?: string | undefined;
  /** Called with the progress of a pull, one line of JSON at a time. Default: nobody. */
  readonly progress?: ((line: string) => void) | undefined;
}

/**
 * A container of docker or podman.
 *
 * @example
 * await using machine = await new ContainerImage({ image: "node:20", network: "none" }).spawn({ name: "box", signal });
 */
export class ContainerImage implements Image {
  readonly kind = "container";
  readonly #options: ContainerOptions;

  constructor(options: ContainerOptions) {
    checkOptions<ContainerOptions>("ContainerImage", options, {
      image: "text",
      container: "text",
      workDir: "text",
      env: "object",
      mounts: "list",
      network: "text",
      limits: "object",
      user: "text",
      keep: "boolean",
      socket: "text",
      progress: "function",
    });
    this.#options = options;
  }

  async spawn({ name, signal, env, mounts = [], record }: SpawnMachineOptions): Promise<Machine> {
    signal.throwIfAborted();
    const { mounts: own = [] } = this.#options;
    const more = mounts.filter(({ target }) => !own.some((mount) => mount.target === target));
    const options = { ...this.#options, mounts: [...own, ...more] };
    const engine = new Engine(options.socket ?? defaultSocket());
    const container = await Container.start(engine, options, {
      name,
      signal,
      env,
      record: async (remains) => await record?.(remains),
    });
    return await startPiped({
      way: container,
      workDir: options.workDir ?? "/work",
      env: { ...options.env, ...env },
      signal,
    });
  }
}

/** The folder in which the container sees the sockets of this host. */
const socketsThere = "/run/ramure";

interface Start {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly env: SpawnMachineOptions["env"];
  readonly record: (remains: Remains) => Promise<void>;
}

interface ContainerParts {
  readonly engine: Engine;
  readonly options: ContainerOptions;
  readonly id: string;
  /** A folder of this host that the container sees as `socketsThere`; none where the engine is elsewhere. */
  readonly sockets: string | undefined;
  readonly start: Start;
  /** Called when the container is removed. */
  readonly gone?: (() => Promise<void>) | undefined;
}

class Container implements Way {
  readonly kind = "container";
  readonly switchesUser = true;
  readonly summary: string;
  readonly #parts: ContainerParts;

  private constructor(parts: ContainerParts) {
    this.#parts = parts;
    this.summary = `container ${parts.id.slice(0, 12)}, ${parts.options.image ?? "attached"}`;
  }

  static async start(engine: Engine, options: ContainerOptions, start: Start): Promise<Container> {
    const { signal } = start;
    if (options.container !== undefined) {
      const found = await asked(
        engine.call("GET", `/containers/${encodeURIComponent(options.container)}/json`, { signal }),
      );
      const id = textField(found, "Id") ?? options.container;
      if (field(found, "State", "Running") !== true) {
        throw new MachineUnreachableError(
          `container ${options.container}`,
          "it does not run; start it, or give `image`",
        );
      }
      return new Container({ engine, options, id, sockets: undefined, start });
    }
    const label = `ramure-${newId()}`;
    const own = join(tmpdir(), label);
    const facts = { engine: engine.socket };
    const remains: Remains = { kind: "container", name: label, folder: own, facts };
    if (!options.keep) await start.record(remains);
    await mkdir(own, { mode: 0o700 });
    // Any user of the container may connect; on this host the folder above lets nobody else pass.
    const sockets = join(own, "s");
    let id: string | undefined;
    try {
      await mkdir(sockets);
      await chmod(sockets, 0o755);
      await writeFile(join(sockets, "here"), "");
      id = await created(
        engine,
        createBody(options, sockets, start),
        { ...options, label },
        signal,
      );
      await asked(engine.call("POST", `/containers/${id}/start`, { signal }));
      const gone = () => start.record({ ...remains, gone: true });
      return new Container({ engine, options, id, sockets, start, gone });
    } catch (error) {
      if (id !== undefined) await removed(engine, id);
      await rm(own, { recursive: true, force: true });
      if (!options.keep) await start.record({ ...remains, gone: true });
      throw error;
    }
  }

  open(words: Argv, { user }: { readonly user?: string | undefined }): Promise<Pipe> {
    const { engine, id: container, options } = this.#parts;
    return execPipe({ engine, container, user: user ?? options.user }, words);
  }

  shell = (words: Argv): Argv => {
    const { engine, id, options } = this.#parts;
    const user = options.user === undefined ? [] : ["--user", options.user];
    return ["sh", "-c", shellScript, "sh", `unix://${engine.socket}`, ...user, id, ...words];
  };

  reach = async (socket: string, machine: Machine): Promise<Reach> => {
    const { sockets } = this.#parts;
    const isSeen =
      sockets !== undefined && (await machine.exec(["test", "-e", `${socketsThere}/here`])).ok;
    if (!isSeen) return relay(machine, socket);
    const name = newId();
    const from = join(sockets, name);
    const reach = await forwardSocket({ from, to: socket, seenAs: `${socketsThere}/${name}` });
    await chmod(from, 0o666);
    return reach;
  };

  snapshot = async (): Promise<Image> => {
    const { options } = this.#parts;
    return new ContainerImage({ ...options, container: undefined, image: await this.#commit() });
  };

  fork = async (): Promise<Machine> => {
    const { engine, options, start } = this.#parts;
    const { name, env, record } = start;
    const repo = `ramure-${newId()}`;
    const facts = { engine: engine.socket };
    const remains: Remains = { kind: "container-image", name: `${repo}:latest`, facts };
    await record(remains);
    const remove = async (): Promise<void> => {
      await removeImageRemains(remains).then(
        () => record({ ...remains, gone: true }),
        () => {}, // The next run of the same home tries again.
      );
    };
    try {
      await this.#commit(repo);
      const image = `localhost/${remains.name}`;
      const forked = new ContainerImage({ ...options, container: undefined, image });
      const { signal } = new AbortController();
      const machine = await forked.spawn({ name, signal, env, record });
      const stop = async (): Promise<void> => {
        await machine.stop();
        await remove();
      };
      return { ...machine, stop, [Symbol.asyncDispose]: stop };
    } catch (error) {
      await remove();
      throw error;
    }
  };

  gone = async (): Promise<boolean> => {
    const { engine, id } = this.#parts;
    const found = await engine.call("GET", `/containers/${id}/json`).catch((error: unknown) => {
      if (error instanceof EngineRefusal && error.status === 404) return undefined;
      throw error;
    });
    return field(found, "State", "Running") !== true;
  };

  async explain(): Promise<string | undefined> {
    const { engine, id } = this.#parts;
    try {
      const found = await engine.call("GET", `/containers/${id}/json`);
      if (field(found, "State", "Paused") === true) return "the container is paused";
      if (field(found, "State", "Running") === true) return undefined;
      return `the container has ended with exit code ${field(found, "State", "ExitCode")}`;
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404)
        return "the container was removed";
      return error instanceof Error ? error.message : undefined;
    }
  }

  async release(): Promise<void> {
    const { engine, id, options, sockets, gone } = this.#parts;
    const isOurs = options.container === undefined && !options.keep;
    let isGone = false;
    try {
      if (isOurs) isGone = await removed(engine, id);
    } finally {
      if (sockets !== undefined) await rm(dirname(sockets), { recursive: true, force: true });
    }
    if (isGone) await gone?.();
  }

  /** Make an image of the container, under a name if one is given. */
  async #commit(repo?: string): Promise<string> {
    const { engine, id, options } = this.#parts;
    const workDir = resolve(options.workDir ?? "/work");
    const isMounted = options.mounts?.some(({ target }) =>
      `${workDir}/`.startsWith(`${resolve(target)}/`),
    );
    if (isMounted) throw new UnsupportedError("container with a mounted work directory", "fork");
    const query = { container: id, pause: "false", ...(repo && { repo: `localhost/${repo}` }) };
    const made =
      textField(await asked(engine.call("POST", "/commit", { query, body: {} })), "Id") ?? "";
    return made.replace(/^sha256:/, "");
  }
}

/** With a terminal where there is one. podman is asked when there is no docker. */
const shellScript = `engine=$1; shift
[ -t 0 ] && terminal=-it || terminal=-i
if command -v docker >/dev/null; then exec docker --host "$engine" exec $terminal "$@"; fi
exec podman --url "$engine" exec $terminal "$@"
`;

/** Ends at once when asked, and waits for orphans, which nobody else there would. */
const idle = `trap 'exit 0' TERM; while :; do sleep 3600 & wait; done`;

function createBody(
  options: ContainerOptions,
  sockets: string,
  { name, env: marks }: Start,
): object {
  const { env = {}, limits = {}, mounts = [] } = options;
  const binds = mounts.map(({ source, target, readOnly }) => ({
    Type: "bind",
    Source: resolve(source),
    Target: target,
    ReadOnly: readOnly ?? false,
  }));
  return {
    Image: options.image,
    Entrypoint: ["bash", "-c", idle],
    Cmd: [],
    Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    Labels: {
      "ramure.machine": name,
      ...(marks?.RAMURE_RUN === undefined ? {} : { "ramure.run": marks.RAMURE_RUN }),
    },
    WorkingDir: "/",
    ...(options.user === undefined ? {} : { User: options.user }),
    HostConfig: {
      Mounts: [...binds, { Type: "bind", Source: sockets, Target: socketsThere, ReadOnly: true }],
      ...(options.network === undefined ? {} : { NetworkMode: options.network }),
      ...(limits.memoryBytes === undefined ? {} : { Memory: limits.memoryBytes }),
      ...(limits.cpus === undefined ? {} : { NanoCpus: Math.round(limits.cpus * 1e9) }),
      ...(limits.processes === undefined ? {} : { PidsLimit: limits.processes }),
      SecurityOpt: ["no-new-privileges"],
    },
  };
}

/** Make the container; an image that is not there is pulled once. */
async function created(
  engine: Engine,
  body: object,
  { image = "", progress = () => {}, label: name }: ContainerOptions & { readonly label: string },
  signal: AbortSignal,
): Promise<string> {
  const call = { query: { name }, body, signal };
  const create = async () =>
    textField(await engine.call("POST", "/containers/create", call), "Id") ?? "";
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    if (error.status !== 404) throw refused(error, image);
    await pulled(engine, image, { progress, signal });
    return await asked(create());
  }
}

async function pulled(
  engine: Engine,
  image: string,
  how: { readonly progress: (line: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const query = { fromImage: image, ...(/[:@][^/]*$/.test(image) ? {} : { tag: "latest" }) };
  try {
    const text = String(await engine.call("POST", "/images/create", { query, ...how }));
    // An engine says 200 first, and only then that it failed.
    const said = /"error":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
    if (said !== undefined) throw new EngineRefusal(404, said);
  } catch (error) {
    if (error instanceof EngineRefusal) throw refused(error, image);
    throw error;
  }
}

function refused({ said }: EngineRefusal, image: string): MachineUnreachableError {
  return new MachineUnreachableError(`container of ${image}`, `the engine refuses: ${said}`);
}

/** The engine's refusal is the machine's trouble. */
async function asked<Value>(call: Promise<Value>): Promise<Value> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof EngineRefusal)) throw error;
    throw new MachineUnreachableError("container", error.said, { cause: error });
  }
}

/** Gives false when the engine cannot be reached, so that the container may still be there. */
async function removed(engine: Engine, id: string): Promise<boolean> {
  try {
    await engine.call("DELETE", `/containers/${id}`, { query: { force: "true", v: "true" } });
  } catch (error) {
    const isGone = error instanceof EngineRefusal && [404, 409].includes(error.status);
    if (isGone) return true;
    if (!(error instanceof MachineUnreachableError)) throw error;
    return false;
  }
  return true;
}
