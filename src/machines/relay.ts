import { connect, type Socket } from "node:net";
import { idsOf } from "../ids.ts";
import { MachineUnreachableError, UnsupportedError } from "./errors.ts";
import type { Duplex, Machine, Reach } from "./machine.ts";

const newId = idsOf(10);

/**
 * Make a Unix socket of this host known on a machine, by a program there that speaks through its
 * standard input and output. Needs `duplex`, and node on the machine.
 */
export async function relay(machine: Machine, socket: string): Promise<Reach> {
  if (!machine.duplex) throw new UnsupportedError(machine.kind, "duplex");
  const there = `/tmp/ramure-${newId()}.sock`;
  const running = await machine.duplex(["node", "-e", relayProgram, there]);
  const near = new NearEnd(running, socket);
  const up = await Promise.race([near.listening.then(() => undefined), running.exited]);
  if (up !== undefined) {
    const why = `the relay ended with exit code ${up.exitCode}: ${up.stderr.trim()}`;
    throw new MachineUnreachableError(machine.summary, `${why}; it needs node there`);
  }
  return {
    socket: there,
    [Symbol.asyncDispose]: async () => {
      running.kill();
      await running.exited;
      await machine.exec(["rm", "-f", "--", there]).catch(() => {});
    },
  };
}

/** Give the way to a socket of this host that a machine has; undefined when it has none. */
export async function reachFrom(machine: Machine, socket: string): Promise<Reach | undefined> {
  if (machine.reach) return await machine.reach(socket);
  return machine.duplex ? await relay(machine, socket) : undefined;
}

/*
 * One frame: number of the client (4 bytes), what (1 byte), length (4 bytes), data. What: `o`, a client
 * came; `d`, data; `e`, it writes no more; `x`, it is gone; `l`, the program listens.
 */
const relayProgram = `
const net = require("net"), clients = new Map(); let next = 1, held = Buffer.alloc(0);
const tell = (id, what, data = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9); head.writeUInt32BE(id, 0); head[4] = what.charCodeAt(0); head.writeUInt32BE(data.length, 5);
  return process.stdout.write(Buffer.concat([head, data]));
};
process.umask(0o177);
const server = net.createServer({ allowHalfOpen: true }, (client) => {
  const id = next++; clients.set(id, client); tell(id, "o");
  client.on("data", (data) => { if (!tell(id, "d", data)) { client.pause(); process.stdout.once("drain", () => client.resume()); } });
  client.on("end", () => tell(id, "e")); client.on("error", () => {});
  client.on("close", () => { clients.delete(id); tell(id, "x"); });
});
server.listen(process.argv[1], () => tell(0, "l"));
process.stdin.on("data", (chunk) => {
  held = Buffer.concat([held, chunk]);
  while (held.length >= 9) {
    const length = held.readUInt32BE(5); if (held.length < 9 + length) break;
    const client = clients.get(held.readUInt32BE(0)), what = String.fromCharCode(held[4]);
    if (client && what === "d") client.write(held.subarray(9, 9 + length));
    if (client && what === "e") client.end();
    if (client && what === "x") client.destroy();
    held = held.subarray(9 + length);
  }
});
const end = () => { try { require("fs").unlinkSync(process.argv[1]); } catch {} process.exit(0); };
process.stdin.on("end", end); process.on("SIGTERM", end); process.on("SIGHUP", end);
`;

const headLength = 9;

/** The end of a relay on this host: a connection to the socket for each client there. */
class NearEnd {
  /** Resolves when clients can come. */
  readonly listening: Promise<void>;
  readonly #running: Duplex;
  readonly #socket: string;
  readonly #doors = new Map<number, Socket>();
  #listens: () => void = () => {};
  #held = Buffer.alloc(0);

  constructor(running: Duplex, socket: string) {
    this.#running = running;
    this.#socket = socket;
    this.listening = new Promise((resolve) => {
      this.#listens = resolve;
    });
    running.output.on("data", (chunk: Buffer) => this.#push(chunk));
    void running.exited.then(() => {
      for (const door of this.#doors.values()) door.destroy();
    });
  }

  #push(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= headLength) {
      const end = headLength + this.#held.readUInt32BE(5);
      if (this.#held.length < end) return;
      const what = String.fromCharCode(this.#held[4] ?? 0);
      this.#take(this.#held.readUInt32BE(0), what, this.#held.subarray(headLength, end));
      this.#held = this.#held.subarray(end);
    }
  }

  #take(id: number, what: string, data: Buffer): void {
    if (what === "l") this.#listens();
    if (what === "o") this.#open(id);
    const door = this.#doors.get(id);
    if (what === "d") door?.write(data);
    if (what === "e") door?.end();
    if (what === "x") door?.destroy();
  }

  #open(id: number): void {
    const door = connect({ path: this.#socket, allowHalfOpen: true });
    this.#doors.set(id, door);
    door.on("data", (data: Buffer) => {
      if (this.#tell(id, "d", data)) return;
      door.pause();
      this.#running.input.once("drain", () => door.resume());
    });
    door.on("end", () => this.#tell(id, "e"));
    door.on("error", () => {});
    door.on("close", () => {
      this.#doors.delete(id);
      this.#tell(id, "x");
    });
  }

  #tell(id: number, what: string, data: Buffer = Buffer.alloc(0)): boolean {
    const head = Buffer.alloc(headLength);
    head.writeUInt32BE(id, 0);
    head[4] = what.charCodeAt(0);
    head.writeUInt32BE(data.length, 5);
    return this.#running.input.write(Buffer.concat([head, data]));
  }
}
