import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/actors/clock.ts";
import { type JournalEntry, readJournal } from "../../../src/actors/journal/index.ts";
import {
  agent,
  agentProcess,
  bubble,
  connect,
  currentProcess,
  emit,
  jsonSchema,
  receive,
  send,
  spawn,
} from "../../../src/index.ts";
import { type Script, testRun } from "../../../src/testing.ts";
import { collect } from "../../setup/collect.ts";

let logDir = "";
const canary = "canary-7f3a9c1e5b";

beforeEach(async () => {
  logDir = await mkdtemp(join(tmpdir(), "ramure-wiring-"));
});

afterEach(async () => {
  delete process.env.CANARY_API_KEY;
  await rm(logDir, { recursive: true, force: true });
});

/** What is in the file at this very moment. */
function onDisk(): string {
  return readFileSync(join(logDir, "runtime.jsonl"), "utf8");
}

async function entries(): Promise<readonly JournalEntry[]> {
  return await collect(readJournal(join(logDir, "runtime.jsonl")));
}

/** Run a body as a whole program, on the machine's own clock, with scripted agents. */
async function ran(body: () => Promise<unknown>, script: Script): Promise<unknown> {
  const program = agentProcess({ name: "main", logDir }, body);
  return await (await testRun(program, [], { script, clock: systemClock })).finished();
}

const text = jsonSchema<{ readonly text: string }>({
  type: "object",
  properties: { text: { type: "string" } },
  required: ["text"],
});

function isFrom(data: unknown, who: string): data is { readonly text: string } {
  return typeof data === "object" && data !== null && "role" in data && data.role === who;
}

/** Says what it was told, by its tool. */
const echo: Script = async (scripted) => {
  for await (const message of scripted.messages) await scripted.call("say", { text: message.text });
};

describe("the journal of a run", () => {
  it("the journal of a run has everything that happened, in order", async () => {
    await ran(async () => {
      const author = await agent("author");
      const reader = await agent("reader");
      connect(author, reader, { direction: "forward" });
      author.on("say", { description: "Say.", input: text }, ({ text }) => `heard ${text}`);
      emit("asked", { by: "main" });
      const receipt = await author.send("hello");
      await receipt.turn();
      return "well";
    }, echo);
    const all = await entries();
    const author = all.filter(({ path }) => path === "/main/author").map(({ type }) => type);
    expect(all[0]).toMatchObject({ type: "run-started", path: "/", data: { pid: process.pid } });
    expect(all.at(-1)).toMatchObject({ type: "run-ended", path: "/", data: { state: "done" } });
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    expectInOrder(author, [
      "agent-state",
      "started",
      "message-taken",
      "message-sent",
      "message-accepted",
      "tool-called",
      "tool-returned",
      "turn-ended",
      "exited",
    ]);
    expect(author.filter((type) => type === "tool-returned")).toHaveLength(1);
    expect(author.filter((type) => type === "message-durable")).toHaveLength(1);
    const main = all.filter(({ path }) => path === "/main").map(({ type }) => type);
    expectInOrder(main, ["process-state", "child-started", "asked", "done", "process-state"]);
    const edge = { from: "/main/author", to: "/main/reader" };
    expect(all).toContainEqual(expect.objectContaining({ type: "connected", data: edge }));
    const taken = all.find(({ type }) => type === "message-taken");
    expect(taken?.data).toMatchObject({ text: "hello", deliver: "follow-up" });
  });

  it("the journal of a run has an event that bubbled once a stream, and numbers the events of each", async () => {
    const child = agentProcess(async function child() {
      emit("found", 1);
      emit("found", 2);
    });
    await ran(async () => {
      emit("begun");
      const handle = spawn(child);
      bubble(handle, { only: ["found"] });
      await handle.result();
    }, echo);
    const numbered = (await entries()).filter(({ nth }) => nth !== undefined);
    const told = numbered.map(({ path, nth, type, source }) => [path, nth, type, source]);
    expect(told.filter(([path]) => path === "/main")).toEqual([
      ["/main", 1, "begun", undefined],
      ["/main", 2, "found", "child"],
      ["/main", 3, "found", "child"],
      ["/main", 4, "done", undefined],
    ]);
    expect(told.filter(([path]) => path === "/main/child")).toEqual([
      ["/main/child", 1, "found", undefined],
      ["/main/child", 2, "found", undefined],
      ["/main/child", 3, "done", undefined],
    ]);
  });

  it("the journal of a run tells a loop over an agent's events of all that it did, though memory holds few", async () => {
    const seen: unknown[] = [];
    await ran(
      async () => {
        const author = await agent("author");
        await (await author.send("talk")).turn();
        for await (const { type, data, seq } of author.events) {
          if (type === "message" && isFrom(data, "assistant")) seen.push(data.text);
          expect(type).not.toBe("gap");
          if (type === "idle" && seq > 10) break;
        }
      },
      async (scripted) => {
        for await (const _ of scripted.messages)
          for (let n = 0; n < 2_000; n += 1) scripted.say(`word ${n}`);
      },
    );
    expect(seen).toEqual(Array.from({ length: 2_000 }, (_, n) => `word ${n}`));
  });

  it("the journal of a run gives a late bubble what is in memory, and says what is not", async () => {
    const child = agentProcess(async function child() {
      for (let n = 1; n <= 12_000; n += 1) emit("n", n);
    });
    const told: unknown[] = [];
    await ran(async () => {
      const handle = spawn(child);
      await handle.result();
      bubble(handle);
      for await (const { source, type, data } of currentProcess().events) {
        if (source === "child") told.push(type === "gap" ? data : type);
        if (source === "child" && type === "done") break;
      }
    }, echo);
    expect(told).toHaveLength(10_001);
    expect(told.slice(0, 2)).toEqual([{ from: 1, to: 2_001 }, "n"]);
  });

  it("the journal of a run has the messages to a process, as they were", async () => {
    await ran(async () => {
      send("/main", { add: 1 });
      return await receive();
    }, echo);
    const received = (await entries()).filter(({ type }) => type === "message-received");
    expect(received).toMatchObject([{ path: "/main", data: { message: { add: 1 } } }]);
  });

  it("the journal of a run needs no meta for members that are undefined", async () => {
    await ran(async () => emit("plain", { a: 1, b: undefined }), echo);
    expect(onDisk()).not.toContain('"meta"');
  });

  it("the journal of a run holds a message before send resolves", async () => {
    let seen = "";
    await ran(async () => {
      await (await agent("author")).send("not to be lost");
      seen = onDisk();
    }, echo);
    expect(seen).toContain('"type":"message-taken"');
    expect(seen).toContain("not to be lost");
  });

  it("the journal of a run holds a tool's result before the agent has it", async () => {
    let seen = "";
    await ran(
      async () => {
        const author = await agent("author");
        author.on("say", { description: "Say.", input: text }, () => "the answer");
        await (await author.send("hello")).turn();
      },
      async (scripted) => {
        for await (const _ of scripted.messages) {
          await scripted.call("say", { text: "?" });
          seen = onDisk();
        }
      },
    );
    expect(seen).toContain('"type":"tool-returned"');
    expect(seen).toContain("the answer");
  });

  it("the journal of a run holds how a process ended before its result settles", async () => {
    let seen = "";
    const child = agentProcess(async function child() {
      return "the outcome";
    });
    await ran(async () => {
      await spawn(child).result();
      seen = onDisk();
    }, echo);
    expect(seen).toContain('"type":"done","path":"/main/child"');
    expect(seen).toContain("the outcome");
  });

  it("the journal of a run shows no secret of the program's environment, nor an agent's token", async () => {
    process.env.CANARY_API_KEY = canary;
    await ran(async () => {
      emit("said", `my key is ${canary}.`);
      const author = await agent("author");
      await (await author.send(`use ${canary}`)).delivered();
    }, echo);
    expect(onDisk()).not.toContain(canary);
    expect(onDisk()).toContain("my key is [redacted].");
  });
});

function expectInOrder(types: readonly string[], wanted: readonly string[]): void {
  let at = -1;
  for (const type of wanted) {
    const next = types.indexOf(type, at + 1);
    expect(
      next,
      `${type} after ${types.slice(0, at + 1).join(" ")}, in ${types.join(" ")}`,
    ).toBeGreaterThan(at);
    at = next;
  }
}
