import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExtension } from "../../../scripts/build/extension.ts";
import { type PiOptions, piHarness } from "../../../src/actors/agent/pi/harness.ts";
import {
  type ModelScript,
  type ScriptedModel,
  scriptedModel,
} from "../../../src/actors/agent/scripted/model.ts";
import type { Harness } from "../../../src/actors/agent/wire/harness.ts";
import type { Image, Machine } from "../../../src/machines/machine.ts";
import { reachFrom } from "../../../src/machines/relay.ts";

/** A model behind a Unix socket, for machines that see no network of this host. */
export interface SocketModel extends AsyncDisposable {
  readonly model: ScriptedModel;
  /** The same image; its machines find the model at a port of their own loopback. */
  near(image: Image): Image;
  /** pi, with settings of its own on each machine, that thinks with the model. */
  harness(options?: PiOptions): Harness;
}

/** The port on the machine's own loopback. */
const port = 8765;

export async function socketModel(script: ModelScript): Promise<SocketModel> {
  await buildExtension();
  const model = await scriptedModel({ script });
  const folder = mkdtempSync(join(tmpdir(), "rm-"));
  const socket = join(folder, "m");
  const door = createServer((client) => {
    const server = connect(Number(new URL(model.url).port), "127.0.0.1");
    client.pipe(server).pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => door.listen(socket, resolve));
  const models = JSON.parse(model.modelsJson().replaceAll(model.url, `http://127.0.0.1:${port}`));
  return {
    model,
    near: (image) => ({
      kind: image.kind,
      spawn: async (options) => beside(await image.spawn(options), socket),
    }),
    harness: (options) => piHarness({ agentDir: "/tmp/ramure-pi", models, ...options }),
    [Symbol.asyncDispose]: async () => {
      door.close();
      await model.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** On its machine: every connection to the port goes into the socket. It outlives a link that is cut. */
const forward = `const net = require("net");
net.createServer((c) => { const s = net.connect(process.argv[1]); c.pipe(s).pipe(c);
  c.on("error", () => s.destroy()); s.on("error", () => c.destroy());
}).listen(Number(process.argv[2]), "127.0.0.1", () => console.log("up"));`;
const start = `PATH=$PATH:/opt/ramure/bin; log=$(mktemp)
setsid node -e "$@" >"$log" 2>&1 </dev/null &
until grep -q up "$log"; do kill -0 $! || { cat "$log" >&2; exit 1; }; sleep 0.1; done`;

async function beside(machine: Machine, socket: string): Promise<Machine> {
  const reach = await reachFrom(machine, socket);
  if (!reach) throw new Error(`no way to the model from ${machine.summary}`);
  const words = ["bash", "-c", start, "bash", forward, reach.socket, String(port)];
  const up = await machine.exec(words, { timeoutMs: 30_000 });
  if (!up.ok) throw new Error(`the way to the model does not begin: ${up.stderr}`);
  const stop = async () => {
    await Promise.allSettled([reach[Symbol.asyncDispose]()]);
    await machine.stop();
  };
  const { fork } = machine;
  return {
    ...machine,
    ...(fork && { fork: async () => beside(await fork(), socket) }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A network of its own, with a link to this host that can be cut. */
export interface Network {
  readonly namespace: string;
  readonly address: string;
  cut(): void;
  restore(): void;
  remove(): void;
}

let networks = 0;

export function makeNetwork(): Network {
  networks += 1;
  const id = `${process.pid % 10_000}${networks}`;
  const [namespace, outer, inner] = [`rt${id}`, `rto${id}`, `rti${id}`];
  const net = `10.${200 + (process.pid % 50)}.${networks}`;
  const ip = (...words: readonly string[]) => execFileSync("ip", words);
  ip("netns", "add", namespace);
  ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace);
  ip("addr", "add", `${net}.1/24`, "dev", outer);
  ip("link", "set", outer, "up");
  ip("-n", namespace, "addr", "add", `${net}.2/24`, "dev", inner);
  ip("-n", namespace, "link", "set", inner, "up");
  ip("-n", namespace, "link", "set", "lo", "up");
  return {
    namespace,
    address: `${net}.2`,
    cut: () => ip("link", "set", outer, "down"),
    restore: () => ip("link", "set", outer, "up"),
    remove: () => {
      ip("link", "del", outer);
      ip("netns", "del", namespace);
    },
  };
}
