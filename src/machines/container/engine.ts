import { existsSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { MachineUnreachableError } from "../errors.ts";

/** A call of the Engine API that the engine refused, in its own words. */
export class EngineRefusal extends Error {
  constructor(
    readonly status: number,
    readonly said: string,
  ) {
    super(said);
  }
}

export interface EngineCall {
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Called with each line of an answer that comes in parts. Default: nobody. */
  readonly progress?: ((line: string) => void) | undefined;
}

/** Find the socket of the engine that `docker` or `podman` would talk to. */
export function defaultSocket(): string {
  const { DOCKER_HOST, XDG_RUNTIME_DIR: own } = process.env;
  if (DOCKER_HOST?.startsWith("unix://")) return DOCKER_HOST.slice("unix://".length);
  const rootless = own ? [join(own, "docker.sock"), join(own, "podman/podman.sock")] : [];
  const docker = "/var/run/docker.sock";
  return (
    [docker, ...rootless, "/run/podman/podman.sock"].find((path) => existsSync(path)) ?? docker
  );
}

/** A client of the Docker Engine API on a Unix socket. podman speaks it too. */
export class Engine {
  readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  /** Call the engine. Throws EngineRefusal, or MachineUnreachableError when there is none. */
  async call(method: string, path: string, call: EngineCall = {}): Promise<unknown> {
    const { response } = await this.#send(method, path, call, {});
    const text = await textOf(response, call.progress);
    const { statusCode = 0 } = response;
    if (statusCode >= 400) throw new EngineRefusal(statusCode, messageIn(text));
    return call.progress ? text : parsed(text);
  }

  /** Call the engine and take over the connection, both ways. */
  async open(path: string, body: unknown): Promise<Duplex> {
    const upgrade = { Connection: "Upgrade", Upgrade: "tcp" };
    const { response, socket } = await this.#send("POST", path, { body }, upgrade);
    if (socket) return socket;
    throw new EngineRefusal(response.statusCode ?? 0, messageIn(await textOf(response)));
  }

  #send(
    method: string,
    path: string,
    { query = {}, body, signal }: EngineCall,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly response: IncomingMessage; readonly socket?: Duplex }> {
    const asked = new URLSearchParams(query).toString();
    const text = body === undefined ? "" : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request({
        socketPath: this.socket,
        method,
        path: asked === "" ? path : `${path}?${asked}`,
        headers: {
          Host: "engine",
          ...(text === "" ? {} : { "Content-Type": "application/json" }),
          "Content-Length": Buffer.byteLength(text),
          ...headers,
        },
        ...(signal && { signal }),
      });
      sent.once("response", (response) => resolve({ response }));
      sent.once("upgrade", (response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve({ response, socket });
      });
      sent.once("error", (error) => reject(signal?.aborted ? signal.reason : this.#absent(error)));
      sent.end(text);
    });
  }

  #absent(error: Error): MachineUnreachableError {
    const code = "code" in error ? String(error.code) : error.message;
    const next = nextSteps.get(code) ?? "";
    const what = `no container engine answers on ${this.socket} (${code})${next}`;
    return new MachineUnreachableError("container", what, { cause: error });
  }
}

const nextSteps: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "; start docker, or `podman system service`, or give `socket`"],
  ["ECONNREFUSED", "; the socket is there and nobody listens: start the engine"],
  ["EACCES", "; this user may not use it: add it to the engine's group, or use a rootless engine"],
]);

async function textOf(
  response: IncomingMessage,
  progress?: (line: string) => void,
): Promise<string> {
  let [text, rest] = ["", ""];
  response.setEncoding("utf8");
  for await (const chunk of response) {
    text += chunk;
    if (!progress) continue;
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") progress(line);
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function messageIn(text: string): string {
  return textField(parsed(text), "message") ?? text.trim();
}

/** Read a text of an answer; undefined where there is none. */
export function textField(value: unknown, ...names: readonly string[]): string | undefined {
  const found = field(value, ...names);
  return typeof found === "string" ? found : undefined;
}

/** Read a field of an answer, however deep. */
export function field(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found;
}
