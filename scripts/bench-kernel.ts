/*
 * A quick look at the kernel's speed: prints a table, gates nothing. The ratios against other
 * libraries are measured by `npm run bench`.
 */
import { createServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { systemClock } from "../src/actors/clock.ts";
import { createEventLog, type EventLog } from "../src/actors/events/event-log.ts";
import type { Behavior, Ref, Reply } from "../src/actors/kernel/behavior.ts";
import { createSystem } from "../src/actors/kernel/system.ts";
import { bubble } from "../src/supervisors/supervision/bubble.ts";

interface Row {
  readonly what: string;
  readonly result: string;
}

const now = () => systemClock.now();

/** Count messages and call back at the last one. */
function counting(limit: number, done: () => void): Behavior<number, number> {
  return {
    init: () => 0,
    receive: (count) => {
      if (count + 1 === limit) done();
      return count + 1;
    },
  };
}

/** By processor time, so that a busy machine tells nearly the same as an idle one. */
async function perSecond(count: number, run: () => Promise<void>): Promise<string> {
  const from = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(from);
  const perSec = (count / (user + system)) * 1_000_000;
  return perSec > 1e6 ? `${(perSec / 1e6).toFixed(2)} M/s` : `${Math.round(perSec / 1e3)} k/s`;
}

async function tell(count: number): Promise<Row> {
  const system = createSystem();
  const result = await perSecond(count, () => {
    return new Promise((resolve) => {
      const ref = system.spawn(counting(count, resolve));
      for (let index = 0; index < count; index += 1) ref.send(index);
    });
  });
  await system.stop();
  return { what: `tell, flood of ${count}`, result };
}

async function pingPong(count: number): Promise<Row> {
  const system = createSystem();
  const result = await perSecond(count, () => {
    return new Promise((resolve) => {
      const echo: Behavior<Ref<number>, number> = {
        init: () => 0,
        receive: (state, from) => {
          from.send(1);
          return state;
        },
      };
      const other = system.spawn(echo);
      const ping: Behavior<number, number> = {
        init: (context) => {
          other.send(context.self);
          return 0;
        },
        receive: (state, _message, context) => {
          if (state + 1 === count) resolve();
          else other.send(context.self);
          return state + 1;
        },
      };
      system.spawn(ping);
    });
  });
  await system.stop();
  return { what: "ping-pong round trips", result };
}

async function spawning(count: number): Promise<readonly Row[]> {
  const system = createSystem();
  let greeted = 0;
  let done = () => {};
  const behavior: Behavior<string, number> = {
    init: () => 0,
    receive: (state) => {
      greeted += 1;
      if (greeted === count) done();
      return state;
    },
  };
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const spawned = await perSecond(count, () => {
    return new Promise((resolve) => {
      done = resolve;
      for (let index = 0; index < count; index += 1) system.spawn(behavior).send("hello");
    });
  });
  globalThis.gc?.();
  const bytes = Math.round((process.memoryUsage().heapUsed - before) / count);
  const stopped = await perSecond(count, () => system.stop());
  return [
    { what: `spawn + first message, ${count}`, result: spawned },
    { what: "bytes per idle actor (with --expose-gc)", result: String(bytes) },
    { what: "stop", result: stopped },
  ];
}

async function calls(count: number): Promise<readonly Row[]> {
  const system = createSystem();
  const behavior: Behavior<{ readonly reply: Reply<number> }, number> = {
    init: () => 0,
    receive: (state, { reply }) => {
      reply.send(1);
      return state;
    },
  };
  const ref = system.spawn(behavior);
  const one = () => ref.call<number>((reply) => ({ reply }));
  for (let index = 0; index < count / 10; index += 1) await one();
  const sequential = await perSecond(count, async () => {
    for (let index = 0; index < count; index += 1) await one();
  });
  const together = await perSecond(count, async () => {
    for (let index = 0; index < count; index += 1_000) {
      await Promise.all(Array.from({ length: 1_000 }, one));
    }
  });
  await system.stop();
  return [
    { what: "call, one after another", result: sequential },
    { what: "call, 1000 outstanding", result: together },
  ];
}

async function restarts(count: number): Promise<Row> {
  const system = createSystem();
  const result = await perSecond(count, () => {
    return new Promise((resolve) => {
      const crashing: Behavior<string, number> = {
        init: () => 0,
        receive: () => {
          throw new Error("boom");
        },
      };
      const parent: Behavior<"ended", { restart(): void; left: number }> = {
        init: (context) => {
          const slot = context.slot<string>({ name: "child" });
          const restart = () => void slot.start(crashing, { onExit: () => "ended" }).send("boom");
          restart();
          return { restart, left: count };
        },
        receive: (state) => {
          if (state.left === 1) resolve();
          else state.restart();
          return { ...state, left: state.left - 1 };
        },
      };
      system.spawn(parent);
    });
  });
  await system.stop();
  return { what: "crash + restart in a slot", result };
}

async function events(count: number): Promise<Row> {
  const logs: EventLog[] = [];
  for (let level = 0; level < 4; level += 1) {
    logs.push(createEventLog({ clock: systemClock, path: `/l${level}`, max: 1_000 }));
  }
  for (let level = 1; level < 4; level += 1) {
    const [child, parent] = [logs[level - 1], logs[level]];
    if (child && parent) bubble(child, parent, `l${level - 1}`);
  }
  let heard = 0;
  const hear = () => {
    heard += 1;
  };
  for (let index = 0; index < 8; index += 1) logs[3]?.subscribe(() => hear());
  const result = await perSecond(count, async () => {
    for (let index = 0; index < count; index += 1) logs[0]?.append("tick", { index });
  });
  if (heard !== count * 8) throw new Error(`${heard} of ${count * 8} events were heard`);
  return { what: "event, 4 levels up, 8 watchers", result };
}

/** How late a 10 ms timer and a TCP echo from another thread are while `load` runs. */
async function underLoad(what: string, load: (running: () => boolean) => () => void): Promise<Row> {
  let running = true;
  const server = createServer((socket: Socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const worker = new Worker(echoClient, { eval: true, workerData: { port } });
  const echoes = new Promise<number[]>((resolve) => worker.once("message", resolve));
  const lateness: number[] = [];
  const stopLoad = load(() => running);
  let due = now() + 10;
  const timer = setInterval(() => {
    lateness.push(now() - due);
    due = now() + 10;
  }, 10);
  const times = await echoes;
  running = false;
  clearInterval(timer);
  stopLoad();
  await worker.terminate();
  server.close();
  const result = `echo p50 ${at(times, 0.5)} p99 ${at(times, 0.99)} max ${at(times, 1)} ms; timer p99 ${at(lateness, 0.99)} ms late (${lateness.length} ticks)`;
  return { what, result };
}

function at(values: number[], part: number): string {
  const sorted = [...values].sort((one, other) => one - other);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2);
}

const echoClient = `
const { connect } = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");
const socket = connect(workerData.port, "127.0.0.1");
socket.setNoDelay(true);
const times = [];
const end = performance.now() + 2000;
let sent = 0;
const ping = () => { sent = performance.now(); socket.write("x"); };
socket.on("connect", ping);
socket.on("data", () => {
  times.push(performance.now() - sent);
  if (performance.now() > end) { socket.destroy(); parentPort.postMessage(times); }
  else setTimeout(ping, 1);
});
`;

function messageFlood(running: () => boolean): () => void {
  const system = createSystem();
  const refs: Ref<number>[] = [];
  const passing: Behavior<number, number> = {
    init: () => 0,
    receive: (state, next) => {
      if (running()) refs[next % refs.length]?.send(next + 1);
      return state;
    },
  };
  for (let index = 0; index < 100; index += 1) refs.push(system.spawn(passing));
  for (let index = 0; index < 1_000; index += 1) refs[index % 100]?.send(index);
  return () => void system.stop();
}

function promiseFlood(running: () => boolean): () => void {
  const system = createSystem();
  const behavior: Behavior<{ readonly reply: Reply<number> }, number> = {
    init: () => 0,
    receive: (state, { reply }) => {
      reply.send(1);
      return state;
    },
  };
  const ref = system.spawn(behavior);
  const loop = async () => {
    while (running()) await ref.call((reply) => ({ reply }));
  };
  const loops = Promise.all([loop(), loop(), loop(), loop()]);
  return () => void loops.then(() => system.stop());
}

async function main(): Promise<void> {
  await tell(100_000);
  const rows: Row[] = [
    await tell(1_000_000),
    await pingPong(1_000_000),
    ...(await spawning(100_000)),
    ...(await calls(200_000)),
    await restarts(50_000),
    await events(200_000),
    await underLoad("under a message flood", messageFlood),
    await underLoad("under a promise flood", promiseFlood),
  ];
  for (const { what, result } of rows) console.log(`${what.padEnd(42)} ${result}`);
}

await main();
