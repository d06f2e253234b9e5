import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sessionPlace } from "../../../../src/actors/agent/pi/session.ts";
import type { ModelRequest } from "../../../../src/actors/agent/scripted/model.ts";
import type { Conversation } from "../../../../src/actors/agent/wire/protocol.ts";
import { systemClock } from "../../../../src/actors/clock.ts";
import { agent, agentProcess, done, expose, wait } from "../../../../src/index.ts";
import { LocalImage } from "../../../../src/machines/local/local.ts";
import { agentMemoryOf } from "../../../../src/supervisors/process/agent.ts";
import { testRun } from "../../../../src/testing.ts";
import { piWorld } from "./pi-world.ts";

/** Choose the place for a conversation whose file holds each of these in turn; undefined: there is none. */
async function placed(...texts: readonly (string | undefined)[]) {
  const folder = await mkdtemp(join(tmpdir(), "ramure-session-"));
  const { signal } = new AbortController();
  await using machine = await new LocalImage({ workDir: folder }).spawn({ name: "m", signal });
  const file = join(folder, "it's a session");
  const asides: (string | undefined)[] = [];
  for (const text of texts) {
    if (text !== undefined) await writeFile(file, text);
    const place = await sessionPlace(
      { machine, run: "r1", epoch: 2, dir: "/nowhere", resume: { id: "s1", file } },
      folder,
    );
    expect(place.file).toBe(file);
    asides.push(place.aside?.slice(file.length));
  }
  const files = await Promise.all(
    (await readdir(folder)).sort().map((name) => readFile(join(folder, name), "utf8")),
  );
  await rm(folder, { recursive: true });
  return { asides, files, folder };
}

const header = '{"type":"session","version":3,"id":"s1","cwd":"/"}';
const entry = '{"type":"message","message":{"role":"user","content":"hi"}}';

describe("the file of a conversation", () => {
  it.each([
    ["begins as it should", `${header}\n${entry}\n`],
    ["has lines before it that pi skips", `\nnot json\n${header}\n${entry}\n`],
    ["is empty", ""],
  ])("the file of a conversation is continued when it %s", async (_, text) => {
    const { asides, files } = await placed(text);
    expect(asides).toEqual([undefined]);
    expect(files).toEqual([text]);
  });

  it("the file of a conversation gets an end for its last line, so that the next one is not lost with it", async () => {
    const torn = `${header}\n${entry}\n{"type":"mess`;
    const { asides, files } = await placed(torn);
    expect(asides).toEqual([undefined]);
    expect(files).toEqual([`${torn}\n`]);
  });

  it("the file of a conversation need not be there", async () => {
    expect(await placed(undefined)).toMatchObject({ asides: [undefined], files: [] });
  });

  it.each([
    ["is no JSON at all", "garbage\nmore garbage\n"],
    ["is nothing but white space", "\n"],
    ["lost its first line", `${entry}\n${header}\n`],
    ["has a torn first line", `${header.slice(0, 20)}\n${entry}\n`],
    ["has a header without an id", `{"type":"session","version":3}\n${entry}\n`],
    ["is a list", `[${header}]\n`],
    ["holds bytes that are no text", "\u0000\u0001\u0000\n"],
  ])(
    "the file of a conversation is set aside when it %s, and the next one is a fresh one",
    async (_, text) => {
      const { asides, files } = await placed(text, undefined);
      expect(asides).toEqual([".bad-1", undefined]);
      expect(files).toEqual([text]);
    },
  );

  it("the file of a conversation never takes the place of one that was set aside before", async () => {
    const { asides, files } = await placed("one\n", "two\n", header, "three\n");
    expect(asides).toEqual([".bad-1", ".bad-2", undefined, ".bad-3"]);
    expect(files).toEqual(["one\n", "two\n", "three\n"]);
  });

  it("the file of a conversation names a directory that is there, whatever it named before", async () => {
    const gone = header.replace('"cwd":"/"', () => '"cwd":"/nowhere/$&/at all"');
    const { asides, files, folder } = await placed(`skipped\n${gone}\n${entry}\n`);
    expect(asides).toEqual([undefined]);
    expect(files).toEqual([
      `skipped\n${header.replace('"cwd":"/"', `"cwd":"${folder}"`)}\n${entry}\n`,
    ]);
  });
});

describe("a real pi whose session file was damaged", () => {
  it("a real pi whose session file was damaged begins anew with what it was sent, says so, and the file is kept", async () => {
    let asked = 0;
    const last = ({ messages }: ModelRequest) => messages.findLast(({ role }) => role === "user");
    await using world = await piWorld((request) => [
      { type: "sleep", ms: last(request)?.text === "SECOND" && ++asked === 1 ? 60_000 : 0 },
      { type: "say", text: `answer to ${last(request)?.text}` },
    ]);
    const program = agentProcess(async function team() {
      await agent("worker", { policy: { backoff: { initialMs: 1, maxMs: 1 } } });
      expose("stop", () => done());
      await wait();
    });
    const { harness } = world;
    const { handle, finished } = await testRun(program, [], { harness, clock: systemClock });
    await expect.poll(() => handle.agents.get("worker")?.state).toBe("idle");
    const worker = handle.agents.get("worker");
    if (!worker) throw new Error("no worker");
    const session = () => agentMemoryOf(worker).conversation;
    expect(await (await worker.send("FIRST")).turn()).toMatchObject({ text: "answer to FIRST" });
    const second = await worker.send("SECOND");
    await second.delivered();
    const before = session();
    const damaged = (await readFile(before?.file ?? "", "utf8")).replace('"type":"session"', "");
    await writeFile(before?.file ?? "", damaged);
    const { pid } = (await worker.events.waitFor("started")).data as { pid: number };
    process.kill(pid, "SIGKILL");
    const third = await worker.send("THIRD");

    const told = await worker.events.waitFor("session-set-aside");
    const aside = `${before?.file}.bad-1`;
    expect(told.data).toEqual({ session: before?.id, file: aside });
    expect(await readFile(aside, "utf8")).toBe(damaged);
    expect(await second.turn()).toMatchObject({ text: "answer to SECOND" });
    expect(await third.turn()).toMatchObject({ text: "answer to THIRD" });
    expect(session()?.id).not.toBe(before?.id);
    const { messages = [] } = world.model.requests.at(-1) ?? {};
    const said = messages.filter(({ role }) => role === "user").map(({ text }) => text);
    expect(said).toHaveLength(3);
    expect(said[0]).toContain("whose conversation was lost");
    expect(said[0]).toContain("FIRST");
    expect(said.slice(1)).toEqual(["SECOND", "THIRD"]);
    await handle.call("stop");
    await finished();
  });
});

describe("a real pi whose last line was torn", () => {
  it("a real pi whose last line was torn loses that line and none that comes after it", async () => {
    await using world = await piWorld();
    let resume: Conversation | undefined;
    for (const [n, id] of ["m1", "m2", "m3"].entries()) {
      const agent = await world.launch({ epoch: n + 1, resume });
      const hello = await agent.hello();
      expect(hello.durable).toEqual(["m1", "m2", "m3"].slice(0, n));
      resume = hello.session;
      await agent.answered(await agent.send(`${id}\n!say yes`, "follow-up", id));
      await agent.heard("durable", id);
      process.kill(hello.pid, "SIGKILL");
      await agent.launched.exited;
      await appendFile(hello.session.file ?? "", '{"type":"message","mess');
    }
    const { messages = [] } = world.model.requests.at(-1) ?? {};
    const said = messages.filter(({ role }) => role === "user").map(({ text }) => text.slice(0, 2));
    expect(said).toEqual(["m1", "m2", "m3"]);
  });
});
