import { connect, type NetConnectOpts } from "node:net";
import { setTimeout as pause, setImmediate as yieldTurn } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Door, Harness, LocalLink } from "../../src/actors/agent/wire/harness.ts";
import { parseToAgent, type ToAgent } from "../../src/actors/agent/wire/protocol.ts";
import { type Agent, agent, agentProcess } from "../../src/index.ts";
import { agentMemoryOf } from "../../src/supervisors/process/agent.ts";
import { type Script, scriptedHarness } from "../../src/testing.ts";
import { progress } from "./progress.ts";
import { type ChaosRow, keptMb, ms, quantile } from "./report.ts";

/* What becomes of scripted agents whose links are real sockets: dropped at any moment, or very many. */

const limitMs = 600_000;

/** The sockets of all agents that are open now. */
type Sockets = Set<WebSocket>;

/** Run scripted agents over real sockets. */
function overSockets(script: Script, sockets: Sockets): Harness {
  const inner = scriptedHarness(script);
  return {
    kind: inner.kind,
    launch: (spec) => inner.launch({ ...spec, door: doorTo(spec.door, sockets) }),
  };
}

function doorTo(door: Door, sockets: Sockets): Door {
  return {
    socket: door.socket,
    admit: (pass, listener) => door.admit(pass, listener),
    connect: (received, closed) => dial(door.socket, sockets, { received, closed }),
  };
}

interface Ends {
  received(frame: ToAgent): void;
  closed(code: number): void;
}

function dial(path: string, sockets: Sockets, { received, closed }: Ends): LocalLink {
  const toSocket: NetConnectOpts = { path };
  const socket = new WebSocket("ws://ramure/", {
    perMessageDeflate: false,
    createConnection: () => connect(toSocket),
  });
  let early: string[] = [];
  socket.on("error", () => {});
  socket.on("open", () => {
    sockets.add(socket);
    for (const text of early) socket.send(text);
    early = [];
  });
  socket.on("message", (data) => received(parseToAgent(String(data))));
  socket.on("close", (code) => {
    sockets.delete(socket);
    closed(code);
  });
  return {
    send: (frame) => {
      const text = JSON.stringify(frame);
      if (socket.readyState === WebSocket.OPEN) socket.send(text, () => {});
      else if (socket.readyState === WebSocket.CONNECTING) early.push(text);
    },
    close: () => socket.close(1000),
  };
}

/** Drop sockets at random moments while messages go through them. */
export async function socketDrops(drops: number): Promise<ChaosRow> {
  const sockets: Sockets = new Set();
  const heard = new Map<string, string[]>();
  const script: Script = async (one) => {
    for await (const { text } of one.messages) {
      heard.set(one.name, [...(heard.get(one.name) ?? []), text]);
      one.say("heard");
    }
  };
  const size = drops > 5_000 ? 200 : 20;
  const program = agentProcess({ harness: overSockets(script, sockets) }, async () => {
    const crew = await hire(size);
    const over = new AbortController();
    const feeding = crew.map((one) => feedInOrder(one, over.signal));
    const start = performance.now();
    await dropSockets(sockets, drops);
    const perSecond = drops / ((performance.now() - start) / 1_000);
    over.abort();
    return { sent: await Promise.all(feeding), perSecond };
  });
  const { sent, perSecond } = await program();
  const wrong = sent.map(({ name, texts }) => compare(texts, heard.get(name) ?? []));
  const sum = (key: "lost" | "doubled" | "outOfOrder") =>
    wrong.reduce((total, one) => total + one[key], 0);
  const messages = sent.reduce((total, { texts }) => total + texts.length, 0);
  return {
    what: `socket drops, ${drops}`,
    counts: {
      lost: sum("lost"),
      doubled: sum("doubled"),
      "out of order": sum("outOfOrder"),
      "without a receipt": sent.reduce((total, { undelivered }) => total + undelivered, 0),
    },
    rates: { agents: String(size), messages: String(messages), "drops/s": perSecond.toFixed(0) },
  };
}

async function dropSockets(sockets: Sockets, drops: number): Promise<void> {
  const tell = progress("drops", drops);
  for (let dropped = 0; dropped < drops; ) {
    tell(dropped);
    const open = [...sockets];
    const victim = open[Math.floor(Math.random() * open.length)];
    if (victim !== undefined) {
      sockets.delete(victim);
      victim.terminate();
      dropped += 1;
    }
    if (victim === undefined || Math.random() < 0.5) await pause(Math.random() * 4);
  }
}

async function feedInOrder(worker: Agent, over: AbortSignal) {
  const texts: string[] = [];
  const waiting: Promise<void>[] = [];
  while (!over.aborted) {
    const text = `${worker.name} ${texts.length}`;
    const receipt = await worker.send(text);
    texts.push(text);
    waiting.push(receipt.delivered());
    await (texts.length % 5 === 0 ? receipt.delivered() : pause(Math.random() * 5));
  }
  const settled = await Promise.race([
    Promise.allSettled(waiting),
    pause(60_000, undefined, { ref: false }),
  ]);
  const undelivered =
    settled?.filter(({ status }) => status === "rejected").length ?? waiting.length;
  return { name: worker.name, texts, undelivered };
}

function compare(sent: readonly string[], heard: readonly string[]) {
  const once = [...new Set(heard)];
  return {
    lost: sent.filter((text) => !heard.includes(text)).length,
    doubled: heard.length - once.length,
    outOfOrder: once.filter(
      (text, index) => index > 0 && numberOf(text) < numberOf(once[index - 1]),
    ).length,
  };
}

function numberOf(text = ""): number {
  return Number(text.split(" ").at(-1));
}

/** Very many agents, and very many events. */
export async function load(agents: number, events: number): Promise<ChaosRow> {
  const each = Math.floor(events / agents);
  const calls: number[] = [];
  const script: Script = async (one) => {
    for await (const { text } of one.messages) {
      if (text === "talk") await talk(one, each);
      else calls.push(await timeOf(() => one.call("echo")));
    }
  };
  const program = agentProcess(
    { harness: overSockets(script, new Set()), timeoutMs: limitMs },
    async () => {
      const crew = await hire(agents);
      const tell = progress("events", events);
      let told = 0;
      const heard = crew.map((one) => count(one, () => tell(++told)));
      for (const one of crew) one.on("echo", { description: "Answer at once." }, () => "echo");
      const cpu = process.cpuUsage();
      const talking = await timeOf(() => askAll(crew, "talk"));
      const { user, system } = process.cpuUsage(cpu);
      const rss = process.memoryUsage().rss;
      const heap = keptMb();
      await callInTurn(crew);
      return {
        talking,
        cpuMs: (user + system) / 1_000,
        rss,
        heap,
        heard: heard.map((stop) => stop()),
      };
    },
  );
  const { talking, cpuMs, rss, heap, heard } = await program();
  const all = heard.reduce((total, one) => total + one, 0);
  return {
    what: `${agents} agents over sockets, ${all} events`,
    counts: {
      "events lost": Math.max(0, agents * each - all),
      "calls lost": agents - calls.length,
    },
    rates: {
      "events/s": (all / (talking / 1_000)).toFixed(0),
      "events per CPU second": (all / (cpuMs / 1_000)).toFixed(0),
      "call p50": ms(quantile(calls, 0.5)),
      "call p99": ms(quantile(calls, 0.99)),
      "heap kept": `${Math.round(heap)} MB`,
      rss: `${Math.round(rss / 1_048_576)} MB`,
    },
  };
}

async function talk(one: Parameters<Script>[0], times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    one.say(`${n}`);
    if (n % 10 === 9) await yieldTurn();
  }
}

/** Count what it says, from now on. */
function count(worker: Agent, heard: () => void): () => number {
  let said = 0;
  agentMemoryOf(worker).events.subscribe(({ type, data }) => {
    if (type !== "message" || !isSaid(data)) return;
    said += 1;
    heard();
  });
  return () => said;
}

function isSaid(data: unknown): boolean {
  return typeof data === "object" && data !== null && "role" in data && data.role === "assistant";
}

async function askAll(crew: readonly Agent[], text: string): Promise<void> {
  const receipts = await Promise.all(crew.map((one) => one.send(text)));
  await Promise.all(receipts.map((receipt) => receipt.turn()));
}

/** A few hundred calls a second, with all the others there. */
async function callInTurn(crew: readonly Agent[]): Promise<void> {
  const turns = [];
  for (const one of crew) {
    turns.push(one.send("call").then((receipt) => receipt.turn()));
    await pause(2);
  }
  await Promise.all(turns);
}

async function hire(size: number): Promise<readonly Agent[]> {
  return await Promise.all(Array.from({ length: size }, (_, n) => agent(`a${n}`)));
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}
