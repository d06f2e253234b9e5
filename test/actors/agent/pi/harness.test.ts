import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Conversation } from "../../../../src/actors/agent/wire/protocol.ts";
import { piVersion, piWorld } from "./pi-world.ts";

const finish = {
  name: "finish",
  description: "Hand in the work.",
  parameters: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
};

describe("a real pi in a real tmux", () => {
  it("a real pi in a real tmux says hello, calls a tool and ends its turn", async () => {
    await using world = await piWorld();
    const agent = await world.launch({ systemPrompt: "You are the writer." });
    const hello = await agent.hello();
    expect(hello).toMatchObject({
      harness: "pi",
      harnessVersion: piVersion,
      model: "scripted/model",
      modelReady: true,
      durable: [],
      session: { file: expect.stringContaining(world.root) },
    });
    expect(await agent.tools(finish)).toEqual(["finish"]);
    const id = await agent.send('!say on it\n!call finish {"n":"5"}\n!next\n!say bye');
    const call = await agent.call("finish");
    expect(call.args).toEqual({ n: 5 });
    (await agent.link()).send({ type: "progress", id: call.id, text: "half way" });
    (await agent.link()).send({ type: "result", id: call.id, text: "well done" });
    await agent.answered(id);
    await agent.heard("durable", id);
    expect(await agent.event("turn-ended", ({ text }) => text === "bye")).toMatchObject({
      stopReason: "stop",
    });
    const [first, second] = world.model.requests;
    expect(first?.messages[0]?.text).toContain("You are the writer.");
    expect(first?.tools.map(({ name }) => name)).toContain("finish");
    expect(second?.messages.at(-1)).toMatchObject({ role: "tool", text: "well done" });
    const entries = await world.session(hello.session);
    const ours = entries.filter(({ message }) =>
      JSON.stringify(message ?? "").includes("ramureId"),
    );
    expect(ours).toEqual([
      expect.objectContaining({ message: expect.objectContaining({ ramureId: id }) }),
    ]);
  });
});

const nothing = async (world: { processes(): Promise<readonly number[]> }) => {
  await expect.poll(() => world.processes()).toEqual([]);
};

describe("a secret of a real pi", () => {
  it("a secret of a real pi is in no command line, environment, screen or log", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const hello = await agent.hello();
    const id = await agent.send(
      `!call bash ${JSON.stringify({ command: "env; cat /proc/$PPID/cmdline" })}`,
    );
    await agent.answered(id);
    const result = world.model.requests.at(-1)?.messages.at(-1)?.text ?? "";
    expect(result).toContain(`RAMURE_RUN=${world.run}`);
    const pids = await world.processes();
    const files = pids.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
    const logs = [hello.session.file ?? "", join(world.root, "dir", "pane.log")];
    for (const file of [...files, ...logs]) {
      const text = await readFile(file, "latin1").catch(() => "");
      expect(text, file).not.toContain("token-1");
    }
    expect(result).not.toContain("RAMURE_AGENT_FILE");
  });
});

describe("messages to a real pi", () => {
  it("messages to a real pi are all delivered once and in order when many come while it is idle", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    await agent.hello();
    const ids = await Promise.all(
      Array.from({ length: 12 }, (_, n) => agent.send(`message ${n}\n!say answer ${n}`)),
    );
    for (const id of ids) await agent.heard("durable", id);
    for (const id of ids) await agent.answered(id);
    const asked = world.model.requests.map(({ messages }) => messages.at(-1)?.text.split("\n")[0]);
    expect(asked).toEqual(ids.map((_, n) => `message ${n}`));
    expect(agent.ears.frames.items.filter(({ type }) => type === "refused")).toEqual([]);
  });

  it("messages to a real pi wait for the end of the turn, unless they steer", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    await agent.tools(finish);
    const first = await agent.send('!call finish {"n":1}\n!next\n!say working on');
    const call = await agent.call("finish");
    const later = await agent.send("LATER\n!say later");
    const now = await agent.send("NOW\n!say steered", "steer");
    const again = await agent.send("AGAIN\n!say steered again", "steer");
    (await agent.link()).send({ type: "result", id: call.id, text: "ok" });
    for (const id of [first, later, now, again]) await agent.heard("durable", id);
    await agent.answered(later);
    const last = world.model.requests.at(-1)?.messages.filter(({ role }) => role === "user");
    expect(last?.map(({ text }) => text.split("\n")[0])).toEqual([
      '!call finish {"n":1}',
      "NOW",
      "AGAIN",
      "LATER",
    ]);
  });

  it("messages to a real pi are told apart by id, not by text, and one that is known is not put in twice", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const same = "the same\n!say yes";
    await agent.send(same, "follow-up", "x1");
    await agent.send(same, "follow-up", "x2");
    await agent.send(same, "follow-up", "x1");
    await agent.answered("x2");
    await agent.heard("durable", "x2");
    expect(world.model.requests).toHaveLength(2);
  });

  it("messages to a real pi reach a new turn after an interrupt", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const first = await agent.send("!sleep 60000\n!say never");
    await agent.event("turn-started");
    await expect.poll(() => world.model.requests.length).toBe(1);
    const second = await agent.send("!say after");
    const steered = await agent.send("!say steered", "steer");
    (await agent.link()).send({ type: "interrupt" });
    await agent.event("turn-ended", ({ stopReason }) => stopReason === "aborted");
    await agent.answered(first);
    await agent.answered(second);
    await agent.answered(steered);
    await agent.event("turn-ended", ({ text }) => text === "after");
  });
});

describe("the death of a real pi", () => {
  it("the death of a real pi is confirmed with its code, and its successor has conversation, pane and ids", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const hello = await agent.hello();
    await agent.tools(finish);
    const first = await agent.send("remember the word heron\n!say I will", "follow-up", "m1");
    await agent.answered(first);
    await agent.send('!call finish {"n":1}', "follow-up", "m2");
    const open = await agent.call("finish");
    await agent.send("!say third", "follow-up", "m3");
    process.kill(hello.pid, "SIGKILL");
    const exit = await agent.launched.exited;
    expect(exit).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
    expect(await agent.launched.alive()).toBe(false);

    const heir = await world.launch({ epoch: 2, resume: hello.session });
    const again = await heir.hello();
    expect(again.session).toEqual(hello.session);
    expect(again.durable).toEqual(["m1", "m2"]);
    await heir.tools(finish);
    for (const id of ["m2", "m3"]) await heir.send("!say third", "follow-up", id);
    await heir.answered("m3");
    const seen = world.model.requests.at(-1)?.messages ?? [];
    expect(seen.map(({ text }) => text)).toContain("remember the word heron\n!say I will");
    expect(seen.filter(({ callId }) => callId === open.id)).toHaveLength(1);
    expect(seen.filter(({ text }) => text === "!say third")).toHaveLength(1);
    await agent.launched.stop();
    expect(await heir.launched.alive()).toBe(true);
    const attach = heir.launched.attach({ readOnly: true });
    expect(attach).toContain("attach-session");
  });

  it("the death of a real pi before its first answer leaves no file, and the successor starts afresh", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const hello = await agent.hello();
    await agent.send("!sleep 60000", "follow-up", "m1");
    await agent.heard("accepted", "m1");
    process.kill(hello.pid, "SIGKILL");
    await agent.launched.exited;
    const heir = await world.launch({ epoch: 2, resume: hello.session });
    const again = await heir.hello();
    expect(again.durable).toEqual([]);
    expect(again.session.file).toBe(hello.session.file);
    await heir.send("!say here", "follow-up", "m1");
    await heir.heard("durable", "m1");
    expect(await world.session(again.session)).toContainEqual(
      expect.objectContaining({ type: "session" }),
    );
  });

  it("the death of a real pi is noticed when its tmux server is killed, and a new one takes over", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    const hello = await agent.hello();
    const [server] = (await world.processes())
      .filter((pid) => pid !== hello.pid)
      .sort((a, b) => a - b);
    process.kill(server ?? 0, "SIGKILL");
    await agent.launched.exited;
    const heir = await world.launch({ epoch: 2, resume: hello.session });
    expect((await heir.hello()).pid).not.toBe(hello.pid);
  });

  it("the death of a real pi loses and doubles no message, however often it dies", async () => {
    await using world = await piWorld();
    const outbox = new Map(
      Array.from({ length: 15 }, (_, n) => [`m${n}`, `message ${n}\n!say ${n}`]),
    );
    const all = [...outbox];
    let resume: Conversation | undefined;
    for (let epoch = 1; outbox.size > 0; epoch++) {
      const agent = await world.launch({ epoch, resume });
      const hello = await agent.hello();
      resume = hello.session;
      for (const id of hello.durable) outbox.delete(id);
      for (const [id, text] of outbox) await agent.send(text, "follow-up", id);
      const next = [...outbox.keys()][epoch * 3];
      for (const id of next ? [next] : outbox.keys()) await agent.heard("durable", id);
      for (const frame of agent.ears.frames.items)
        if (frame.type === "durable") outbox.delete(frame.id);
      if (outbox.size === 0) break;
      process.kill(hello.pid, "SIGKILL");
      await agent.launched.exited;
    }
    const entries = JSON.stringify(resume && (await world.session(resume)));
    const told = [...entries.matchAll(/"ramureId":"(m\d+)"/g)].map(([, id]) => id);
    expect(told).toEqual(all.map(([id]) => id));
  });

  it("the death of a real pi costs the quickstart nothing that was written before", async () => {
    await using world = await piWorld();
    const haikus = { type: "array", items: { type: "string" } };
    const tool = { ...finish, parameters: { type: "object", properties: { haikus } } };
    const agent = await world.launch();
    const hello = await agent.hello();
    await agent.tools(tool);
    await agent.send("write 10 diverse haikus about git rebase");
    const before = await agent.event("turn-ended");
    await agent.event("tool-ended");
    process.kill(hello.pid, "SIGKILL");
    await agent.launched.exited;
    const heir = await world.launch({ epoch: 2, resume: hello.session });
    await heir.tools(tool);
    await heir.send("You were restarted; go on where you were.", "follow-up", "m2");
    const { id, args } = await heir.call("finish");
    (await heir.link()).send({ type: "result", id, text: "thank you", terminate: true });
    await heir.answered("m2");
    const handedIn = JSON.stringify(args);
    expect(handedIn.match(/✎/g)).toHaveLength(10);
    for (const haiku of before.text.split("\n")) expect(handedIn).toContain(haiku);
  });

  it("the death of a real pi is polite when it is asked to shut down", async () => {
    await using world = await piWorld();
    const agent = await world.launch();
    (await agent.link()).send({ type: "shutdown" });
    expect(await agent.launched.exited).toMatchObject({ exitCode: 0 });
    expect(await agent.ears.closes.first()).toMatchObject({ code: 1000 });
    expect(agent.ears.frames.items).toContainEqual({ type: "bye", reason: "quit" });
  });
});

describe("what a real pi leaves behind", () => {
  it("what a real pi leaves behind is nothing after stop and release, not even what moved to a session of its own", async () => {
    const world = await piWorld();
    const agent = await world.launch();
    const command =
      "setsid sleep 600 >/dev/null 2>&1 & (trap '' HUP TERM; sleep 600 >/dev/null 2>&1) & sleep 0.1";
    const id = await agent.send(`!call bash ${JSON.stringify({ command })}`);
    await agent.answered(id);
    expect((await world.processes()).length).toBeGreaterThan(3);
    await agent.launched.stop();
    await agent.launched.stop();
    expect(await agent.launched.exited).toMatchObject({ detail: expect.any(String) });
    await world.harness.release?.(world.machine, world.run);
    await nothing(world);
    expect(await world.sockets()).toEqual(["b.sock"]);
    await world[Symbol.asyncDispose]();
  });
});

describe("a real pi elsewhere", () => {
  it("a real pi elsewhere has all its files there, and they go with the run", async () => {
    const world = await piWorld(undefined, { far: true });
    const agent = await world.launch();
    const { session } = await agent.hello();
    expect(session.file).toMatch(/^\/tmp\/ramure-[a-z0-9]{8}\/a1\/session-[a-z0-9_-]+-1\.jsonl$/);
    await agent.answered(await agent.send("!say hi"));
    await world.harness.release?.(world.machine, world.run);
    await agent.launched.exited;
    await expect(stat(dirname(dirname(session.file ?? "")))).rejects.toThrow("ENOENT");
    await nothing(world);
    await world[Symbol.asyncDispose]();
  });
});

describe("a pi that cannot work", () => {
  it("a pi that cannot work says so when no model is configured", async () => {
    await using world = await piWorld(undefined, {
      modelless: true,
      env: { ANTHROPIC_API_KEY: "", OPENAI_API_KEY: "" },
    });
    const agent = await world.launch();
    const hello = await agent.hello();
    expect(hello).toMatchObject({ modelReady: false });
    expect(hello).not.toHaveProperty("model");
  });

  it("a pi that cannot work tells its last words when it does not start", async () => {
    await using world = await piWorld();
    const agent = await world.launch({ model: "nobody/nothing" });
    const exit = await agent.launched.exited;
    expect(exit.exitCode).toBe(1);
    expect(exit.detail).toContain("nobody/nothing");
  });

  it("a pi that cannot work is gone when its launch was called off", async () => {
    const abort = new AbortController();
    const onExec = (words: string): void => {
      if (words.includes("pipe-pane")) abort.abort(new Error("called off"));
    };
    await using world = await piWorld(undefined, { onExec });
    const launch = world.launch({ signal: abort.signal });
    await expect(launch).rejects.toThrow("called off");
    await world.harness.release?.(world.machine, world.run);
    await nothing(world);
  });

  it("a pi that cannot work is missing with the words that install it", async () => {
    await using world = await piWorld(undefined, { command: "/nowhere/pi" });
    await expect(world.launch()).rejects.toThrow("npm install -g");
    await nothing(world);
    expect(await world.sockets()).toEqual(["b.sock"]);
  });
});
