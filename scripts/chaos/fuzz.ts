import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { type Bridge, type BridgeEvent, openBridge } from "../../src/actors/agent/bridge/bridge.ts";
import {
  BadFrameError,
  closeCodes,
  frameText,
  parseFromAgent,
  parseToAgent,
} from "../../src/actors/agent/wire/protocol.ts";
import {
  fromAgentSamples,
  hello,
  toAgentSamples,
} from "../../test/actors/agent/wire/frame-samples.ts";
import { broken, type Noise, noise, webSocketFrame } from "../noise.ts";
import { type ChaosRow, keptMb } from "./report.ts";

/* Malformed frames against the decoder, and malformed clients against the socket that agents come in by. */

/** Hold the decoder and a real socket to so many frames and clients of noise. */
export async function fuzz(frames: number, clients: number, seed = 1): Promise<ChaosRow> {
  const before = prototypes();
  const heap = keptMb();
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on("uncaughtException", note);
  try {
    const decoder = fuzzDecoder(frames, noise(seed));
    const socket = await fuzzSocket(clients, noise(seed + 1));
    const grownMb = keptMb() - heap;
    const counts = {
      uncaught: uncaught.length + decoder.strange,
      polluted: prototypes() === before ? 0 : 1,
      unclosed: socket.unclosed,
      "not told": socket.untold,
      disturbed: socket.disturbed,
      "MB over 50": Math.max(0, Math.ceil(grownMb - 50)),
    };
    const rates = {
      refused: `${decoder.refused} frames`,
      "heap grown": `${grownMb.toFixed(1)} MB`,
      "clients/s": String(Math.round(socket.perSecond)),
      seed: String(seed),
    };
    return { what: `${frames} broken frames, ${clients} broken clients`, counts, rates };
  } finally {
    process.off("uncaughtException", note);
  }
}

/** What somebody could add to who has a way to `__proto__`. */
function prototypes(): string {
  const names = [Object, Array, String, Function].map((one) =>
    Object.getOwnPropertyNames(one.prototype).sort(),
  );
  return JSON.stringify(names);
}

function fuzzDecoder(count: number, random: Noise) {
  const fromAgents = fromAgentSamples.map((frame) => JSON.stringify(frame));
  const toAgents = toAgentSamples.map((frame) => JSON.stringify(frame));
  let [refused, strange] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    const isFrom = random.below(2) === 0;
    const samples = isFrom ? fromAgents : toAgents;
    const parse = (text: string) => (isFrom ? parseFromAgent(text) : parseToAgent(text));
    const text = broken(samples[random.below(samples.length)] ?? "", random);
    try {
      // What was let in is the same when it is written and read again.
      const again = frameText(parse(text));
      if (frameText(parse(again)) !== again) strange += 1;
    } catch (error) {
      if (error instanceof BadFrameError) refused += 1;
      else strange += 1;
    }
  }
  return { refused, strange };
}

/** Who does not answer a close has a second: so many wait at a time. */
const together = 250;
const closedWithinMs = 15_000;

async function fuzzSocket(count: number, random: Noise) {
  const directory = await mkdtemp(join(tmpdir(), "rf-"));
  const told: BridgeEvent[] = [];
  const log = (event: BridgeEvent) => void told.push(event);
  const bridge = await openBridge({ socket: join(directory, "b.sock"), log });
  const good = await goodClient(bridge);
  const began = performance.now();
  let [unclosed, due] = [0, 0];
  try {
    for (let done = 0; done < count; done += together) {
      const size = Math.min(together, count - done);
      const calls = Array.from({ length: size }, (_, n) => brokenClient(bridge, done + n, random));
      const ended = await Promise.all(calls);
      unclosed += ended.filter(({ closed }) => !closed).length;
      due += ended.filter(({ isTold }) => isTold).length;
      await good.answers();
    }
    const said = told.filter(
      ({ path, code }) => path !== undefined && code === closeCodes.badFrame,
    );
    const untold = due - said.length;
    const perSecond = (count * 1_000) / (performance.now() - began);
    return { unclosed, untold: Math.abs(untold), disturbed: good.disturbed, perSecond };
  } finally {
    good.end();
    await bridge.close();
    await rm(directory, { recursive: true });
  }
}

/** One that behaves, and wants to be heard all the while. */
async function goodClient(bridge: Bridge) {
  let [said, heard, disturbed] = [0, 0, 0];
  let tell = () => {};
  bridge.admit(
    { token: "good", path: "/good", epoch: 1 },
    {
      opened: () => tell(),
      received: () => {
        heard += 1;
        tell();
      },
      closed: () => {
        disturbed += 1;
        tell();
      },
    },
  );
  const socket = new WebSocket(`ws+unix:${bridge.socket}:/`, { perMessageDeflate: false });
  const next = () =>
    new Promise<void>((resolve) => {
      tell = resolve;
    });
  const opened = next();
  socket.on("open", () => socket.send(JSON.stringify(hello({ token: "good", path: "/good" }))));
  await opened;
  return {
    get disturbed() {
      return disturbed + Math.abs(said - heard);
    },
    answers: async () => {
      said += 1;
      const answered = next();
      socket.send(JSON.stringify({ type: "durable", id: `m${said}` }));
      await answered;
    },
    end: () => socket.terminate(),
  };
}

const upgrade =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

interface Attempt {
  readonly bytes: Buffer;
  /** It does not hang up: the bridge has to. */
  readonly waits?: boolean | undefined;
  /** Its hello is good, and what follows is not: the bridge surely says so. */
  readonly isTold?: boolean | undefined;
}

const text = (words: string) => webSocketFrame(Buffer.from(words));
const upgraded = (...frames: readonly Buffer[]) => Buffer.concat([Buffer.from(upgrade), ...frames]);

/** What a client may do wrong. `path` is admitted for it alone. */
const attempts: readonly [Wrong, ...Wrong[]] = [
  ({ bytes, below }) => ({ bytes: bytes(1 + below(400)) }),
  ({ below }) => ({ bytes: Buffer.from(upgrade.slice(0, below(upgrade.length))) }),
  ({ bytes, below }) => ({ bytes: upgraded(bytes(1 + below(400))) }),
  ({ bytes, below }) => ({
    bytes: upgraded(webSocketFrame(bytes(below(120)), { head: below(256) })),
  }),
  ({ bytes }) => ({
    bytes: upgraded(webSocketFrame(bytes(20), { masked: false })),
    waits: true,
  }),
  ({ bytes, below }) => ({
    bytes: upgraded(webSocketFrame(bytes(20), { says: 2 ** (21 + below(30)) })),
    waits: true,
  }),
  (random) => ({
    bytes: upgraded(text(broken(JSON.stringify(hello({ token: "guess" })), random))),
  }),
  (_, path) => ({
    bytes: upgraded(text(JSON.stringify(hello({ path, token: "guess" })))),
    waits: true,
  }),
  ({ text: letters }, path) => ({
    bytes: upgraded(
      text(JSON.stringify(hello({ path, token: path }))),
      text(JSON.stringify({ type: `x${letters(8)}` })),
    ),
    waits: true,
    isTold: true,
  }),
  () => ({
    bytes: upgraded(
      webSocketFrame(Buffer.from("["), { head: 0x01 }),
      ...Array.from({ length: 1_100 }, () => webSocketFrame(Buffer.from("1"), { head: 0x00 })),
    ),
    waits: true,
  }),
];

type Wrong = (random: Noise, path: string) => Attempt;

async function brokenClient(bridge: Bridge, index: number, random: Noise) {
  const path = `/fuzz/${index}`;
  const ears = { opened: () => {}, received: () => {}, closed: () => {} };
  const leave = bridge.admit({ token: path, path, epoch: 1 }, ears);
  const { bytes, waits = false, isTold = false } = random.of(attempts)(random, path);
  try {
    return { isTold, closed: await isClosed(bridge.socket, bytes, waits) };
  } finally {
    leave();
  }
}

function isClosed(path: string, bytes: Buffer, waits: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const late = setTimeout(() => {
      socket.destroy();
      resolve(false);
    }, closedWithinMs);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(late);
      resolve(true);
    });
    socket.resume();
    socket.write(bytes);
    if (!waits) socket.end();
  });
}
