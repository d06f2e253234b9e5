import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printableJson, printableLines } from "../../src/actors/data/printable.ts";
import { createRedaction } from "../../src/actors/data/redaction.ts";
import { logText } from "../../src/cli/print/log-text.ts";
import { readHostFile } from "../../src/machines/local/files.ts";
import { takeLogDirectory } from "../../src/supervisors/home/log-owner.ts";
import { recordOf } from "../../src/supervisors/home/run-record.ts";
import { node, openFakeRun } from "../../test/fixtures/fake-run.ts";
import { RawClient } from "../../test/fixtures/raw-client.ts";
import { type Noise, noise } from "../noise.ts";
import { type ChaosRow, ms, quantile } from "./report.ts";

/* What an agent, a neighbour or a model may do at the edges of a run, many times over. */

const marks = [
  "\u001b]0;x\u0007",
  "\u009b2J",
  "\r\n",
  "\u2028",
  "\u0085",
  "\u202e",
  "\u2066",
  "\t",
] as const;
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** The events whose data a model, a program or a person fills. */
const events = [
  "tool-started",
  "tool-ended",
  "tool-called",
  "turn-ended",
  "message",
  "started",
  "exited",
  "failed",
  "agent-state",
  "model-failed",
  "session-replaced",
  "control-request",
  "an-own-event",
] as const;
const fields =
  "tool args text role origin message reason summary state session model stopReason class id";

/** Put marks that steer a terminal into every field of every event, and look at what a person reads. */
export function printed(count: number, seed = 1): ChaosRow {
  const random = noise(seed);
  let [steered, forged, changed] = [0, 0, 0];
  for (let done = 0; done < count; done += 1) {
    const evil = evilText(random);
    const data = Object.fromEntries(fields.split(" ").map((field) => [field, evil]));
    const event = {
      seq: done,
      at: 0,
      epoch: 1,
      path: "/main/worker",
      type: random.of(events),
      data,
    };
    const told = logText(event, random.of(["agent", "process"]));
    const line = `${told?.kind} ${told?.text}`;
    const json = printableJson(data);
    if (steering.test(line) || steering.test(json)) steered += 1;
    if (line.includes("\n") || json.includes("\n")) forged += 1;
    if (
      printableLines(evil)
        .split("\n")
        .some((each) => steering.test(each))
    )
      steered += 1;
    if (JSON.stringify(JSON.parse(json)) !== JSON.stringify(data)) changed += 1;
  }
  return {
    what: `${count} events with marks in every field, as a person reads them`,
    counts: { "steer the terminal": steered, "forge a line": forged, "change in JSON": changed },
    rates: { seed: String(seed) },
  };
}

function evilText({ text, of, below }: Noise): string {
  return Array.from({ length: 1 + below(6) }, () => text(1 + below(12)) + of(marks)).join("");
}

const megabyte = 1_000_000;
/** What 1 MB of a record may consist of. */
const kinds: Readonly<Record<string, (random: Noise) => string>> = {
  hex: ({ bytes }) => bytes(1_000).toString("hex").repeat(500),
  base64: ({ bytes }) => bytes(999).toString("base64").repeat(751),
  blanks: () => " ".repeat(megabyte),
  "one letter": () => "a".repeat(megabyte),
  "beginnings of secrets": () => "k0123456789abcde".repeat(megabyte / 16),
  secrets: () => "k0123456789abcdef ".repeat(megabyte / 18),
  words: () => "the quick brown fox jumps over the lazy dog ".repeat(megabyte / 44),
};
/** Ten times the aim: what a busy machine may make of it. */
const mostMs = 300;

/** Redact 1 MB of each kind, with many secrets known. */
export function redacted(rounds: number, seed = 1): ChaosRow {
  const random = noise(seed);
  const secrets = Array.from({ length: 1_000 }, () => random.bytes(20).toString("hex"));
  const redaction = createRedaction(["k0123456789abcdef", ...secrets]);
  const spent: number[] = [];
  let [left, slow] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    for (const make of Object.values(kinds)) {
      const given = make(random);
      const before = process.cpuUsage();
      const text = redaction.text(given);
      const { user, system } = process.cpuUsage(before);
      spent.push((user + system) / 1_000);
      if (text.includes("k0123456789abcdef")) left += 1;
    }
  }
  slow = spent.filter((each) => each > mostMs).length;
  return {
    what: `${spent.length} records of 1 MB, of ${Object.keys(kinds).length} kinds, 1,001 secrets known`,
    counts: { "left in": left, [`over ${mostMs} ms`]: slow },
    rates: { median: ms(quantile(spent, 0.5)), worst: ms(quantile(spent, 1)) },
  };
}

const swapping = `cd "$1"; while :; do
  echo mine > n; mv n file; ln -s ../secret l; mv l file; mkfifo p 2>/dev/null; mv p file; done`;

/** Read a file while a link out of its folder, or a FIFO, takes its place again and again. */
export async function swapped(count: number): Promise<ChaosRow> {
  const folder = await mkdtemp(join(tmpdir(), "rs-"));
  const inside = join(folder, "inside");
  mkdirSync(inside);
  writeFileSync(join(folder, "secret"), "secret");
  const swapper = spawn("sh", ["-c", swapping, "sh", inside], { detached: true, stdio: "ignore" });
  let [outside, held, read] = [0, 0, 0];
  try {
    for (let done = 0; done < count; done += 1) {
      const began = performance.now();
      const content = await readHostFile(join(inside, "file"), { within: inside }).then(
        (bytes) => Buffer.from(bytes).toString(),
        () => undefined,
      );
      if (content === "secret") outside += 1;
      if (content === "mine\n") read += 1;
      if (performance.now() - began > 5_000) held += 1;
    }
  } finally {
    process.kill(-(swapper.pid ?? 0), "SIGKILL");
    await once(swapper, "exit");
    await rm(folder, { recursive: true, force: true });
  }
  return {
    what: `${count} reads of a file that links and FIFOs take the place of`,
    counts: { "from outside": outside, "held for 5 s": held },
    rates: { "read well": String(read) },
  };
}

const rivals = 4;

/** Let four runs want one log directory at once, again and again. */
export async function owned(count: number): Promise<ChaosRow> {
  const folder = await mkdtemp(join(tmpdir(), "ro-"));
  const logDir = join(folder, "logs");
  let [several, none] = [0, 0];
  try {
    for (let done = 0; done < count; done += 1) {
      const taking = Array.from({ length: rivals }, async (_, n) => {
        const file = (end: string) => join(folder, `${done}-${n}${end}`);
        const paths = {
          record: file(".json"),
          things: file(".things"),
          socket: file(".sock"),
          logDir,
        };
        const facts = { id: `r${done}x${n}`, program: "chaos", startedAt: done, logDir };
        return await takeLogDirectory(await recordOf(paths, facts));
      });
      const settled = await Promise.allSettled(taking);
      const owners = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      if (owners.length > 1) several += 1;
      if (owners.length === 0) none += 1;
      for (const owner of owners) await owner.release(done);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return {
    what: `${count} times ${rivals} runs that want one log directory at once`,
    counts: { "several owners": several, "no owner": none },
    rates: {},
  };
}

const stubborn = 64;
const tooLong = "x".repeat(1_200_000);

/** Fill all places at the control socket with clients that are refused and stay, and ask for the status. */
export async function shutOut(waves: number): Promise<ChaosRow> {
  const home = await mkdtemp(join(tmpdir(), "rc-"));
  const run = await openFakeRun({
    home,
    id: "chaos00000",
    snapshot: { nodes: [node("/main", "process", "running")] },
  });
  const socket = join(home, "runtimes", "chaos00000.sock");
  const waits: number[] = [];
  let unanswered = 0;
  try {
    for (let wave = 0; wave < waves; wave += 1) {
      const deaf = await Promise.all(Array.from({ length: stubborn }, () => stay(socket)));
      for (const one of deaf) one.write(tooLong);
      const began = performance.now();
      const client = await RawClient.open(socket);
      const answer = await client.answer("run.status");
      if (answer.result === undefined) unanswered += 1;
      waits.push(performance.now() - began);
      for (const one of [...deaf, client.socket]) one.destroy();
    }
  } finally {
    await run.close();
    await rm(home, { recursive: true, force: true });
  }
  return {
    what: `${waves} times ${stubborn} clients that are refused and stay, then a person`,
    counts: { "not answered": unanswered },
    rates: {
      "answer after": `median ${ms(quantile(waits, 0.5))}, worst ${ms(quantile(waits, 1))}`,
    },
  };
}

/** Open a connection that does not close its side when the other one has. */
async function stay(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}
