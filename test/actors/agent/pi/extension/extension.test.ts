import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Bridge, openBridge } from "../../../../../src/actors/agent/bridge/bridge.ts";
import type { FromAgent, ToAgent } from "../../../../../src/actors/agent/wire/protocol.ts";
import { type BridgeWorld, bridgeWorld, Ears } from "../../bridge/bridge-world.ts";
import { FakePi } from "./fake-pi.ts";

const tool = {
  name: "finish",
  description: "Hand in.\nAll of it.",
  parameters: { type: "object" },
};
const pass = { token: "secret", path: "/run/writer", epoch: 1 };

let world: BridgeWorld | undefined;
const opened: { readonly pi: FakePi[]; readonly bridges: Bridge[] } = { pi: [], bridges: [] };

afterEach(async () => {
  for (const pi of opened.pi.splice(0)) await pi.emit("session_shutdown", { reason: "quit" });
  for (const bridge of opened.bridges.splice(0)) await bridge.close();
  await world?.[Symbol.asyncDispose]();
});

async function connected(facts: object = {}, epoch = 1) {
  world = await bridgeWorld();
  const ears = new Ears();
  world.bridge.admit({ ...pass, epoch }, ears);
  const pi = new FakePi();
  opened.pi.push(pi);
  await pi.start({
    socket: world.bridge.socket,
    ...pass,
    harnessVersion: "0.74.2",
    retries: false,
    ...facts,
  });
  return { world, ears, pi };
}

async function greeted(facts: object = {}) {
  const { world, ears, pi } = await connected(facts);
  const { link, hello } = await ears.opens.first();
  const heard = (is: (frame: FromAgent) => boolean) => ears.frames.first(is);
  const send = (id: string, text: string, deliver: "follow-up" | "steer" = "follow-up") =>
    link.send({ type: "send", id, text, deliver });
  const frames = (type: string) => ears.frames.items.filter((frame) => frame.type === type);
  return { world, ears, pi, link, hello, heard, send, frames };
}

const isIdle = (frame: FromAgent) => frame.type === "event" && frame.event.type === "idle";

describe("the extension", () => {
  it("the extension says hello with what the launcher told it, and hides the file's name", async () => {
    const { hello } = await greeted({ systemPrompt: "Be brief." });
    expect(hello).toMatchObject({
      ...pass,
      harness: "pi",
      harnessVersion: "0.74.2",
      model: "scripted/model",
      modelReady: true,
      capabilities: { liveTools: false, settled: false },
      session: { id: "s1", file: "/tmp/s1.jsonl" },
      durable: [],
    });
    expect(process.env.RAMURE_AGENT_FILE).toBeUndefined();
  });

  it("the extension dials by TCP where it is told a URL, with its token in a header", async () => {
    world = await bridgeWorld({ tcp: { host: "127.0.0.1", port: 0 } });
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const pi = new FakePi();
    opened.pi.push(pi);
    await pi.start({ url: world.bridge.url, ...pass });
    expect((await ears.opens.first()).hello).toMatchObject(pass);
  });

  it("the extension adds its system prompt to pi's own", async () => {
    const { pi } = await greeted({ systemPrompt: "Be brief." });
    expect(await pi.emit("before_agent_start", { systemPrompt: "You are pi." })).toEqual({
      systemPrompt: "You are pi.\n\nBe brief.",
    });
  });

  it("the extension knows what newer versions can do", async () => {
    const { hello } = await greeted({ harnessVersion: "0.87.1" });
    expect(hello.capabilities).toEqual({ liveTools: true, settled: true });
  });

  it("the extension shuts pi down when the runtime has let the agent go, or another epoch lives", async () => {
    const { pi, ears } = await connected({ epoch: 0 });
    await expect.poll(() => pi.shutdowns).toBe(1);
    expect(ears.opens.items).toEqual([]);
  });

  it("the extension interrupts and shuts down when it is told to", async () => {
    const { pi, link, heard } = await greeted();
    pi.idle = false;
    link.send({ type: "interrupt" });
    link.send({ type: "shutdown" });
    link.send({ type: "ping", id: 9 });
    expect(await heard(({ type }) => type === "pong")).toEqual({ type: "pong", id: 9 });
    expect([pi.aborts, pi.shutdowns]).toEqual([2, 1]);
  });

  it("the extension says goodbye when pi quits", async () => {
    const { pi, ears, heard } = await greeted();
    await pi.emit("session_shutdown", { reason: "quit" });
    expect(await heard(({ type }) => type === "bye")).toEqual({ type: "bye", reason: "quit" });
    expect(await ears.closes.first()).toMatchObject({ code: 1000 });
  });

  it("the extension speaks for the new session after /new", async () => {
    const { pi, ears, heard } = await greeted();
    await pi.emit("session_shutdown", { reason: "new" });
    await pi.restart("new");
    await heard((frame) => frame.type === "event" && frame.event.type === "session-replaced");
    await expect.poll(() => ears.opens.items.length).toBe(2);
  });
});

describe("messages through the extension", () => {
  it("messages through the extension are given to pi one at a time, and the next one when it is idle", async () => {
    const { pi, heard, send, frames } = await greeted();
    send("m1", "one");
    send("m2", "two");
    await expect.poll(() => pi.sent).toEqual([{ text: "one", deliverAs: "followUp" }]);
    await pi.run("one");
    await heard((frame) => frame.type === "accepted" && frame.id === "m1");
    await pi.answer("1");
    await heard(isIdle);
    await expect.poll(() => pi.sent.length).toBe(2);
    await pi.run("two");
    await pi.answer("2");
    await heard((frame) => frame.type === "durable" && frame.id === "m2");
    await expect.poll(() => answered(frames("event"))).toEqual([["m1"], ["m2"]]);
    expect(frames("durable")).toHaveLength(2);
  });

  it("messages through the extension become durable only when the model has answered once, and then carry their id", async () => {
    const { pi, heard, send, frames } = await greeted();
    send("m1", "one");
    await expect.poll(() => pi.sent.length).toBe(1);
    await pi.run("one");
    await heard(({ type }) => type === "accepted");
    await new Promise((resolve) => setImmediate(resolve));
    expect(frames("durable")).toEqual([]);
    await pi.answer("1");
    await heard(({ type }) => type === "durable");
    expect(pi.entries[0]?.message?.ramureId).toBe("m1");
    expect(pi.entries.some(({ type }) => type === "custom")).toBe(false);
  });

  it("messages through the extension leave a note of their id where pi does not keep what the message carries", async () => {
    const { pi, heard, send } = await greeted();
    send("m1", "one");
    await expect.poll(() => pi.sent.length).toBe(1);
    await pi.run("one");
    pi.entries.splice(0, 1, { type: "message", message: { role: "user", content: "one" } });
    await pi.answer("1");
    await heard(({ type }) => type === "durable");
    expect(pi.entries).toContainEqual({
      type: "custom",
      customType: "ramure-message",
      data: { id: "m1" },
    });
  });

  it("messages that a former life left are told at hello and not put in again", async () => {
    world = await bridgeWorld();
    const ears = new Ears();
    world.bridge.admit(pass, ears);
    const pi = new FakePi();
    opened.pi.push(pi);
    pi.entries.push(
      { type: "message", message: { role: "user", content: "one", ramureId: "m1" } },
      { type: "message", message: { role: "assistant", content: "1" } },
      { type: "custom", customType: "ramure-message", data: { id: "m0" } },
    );
    await pi.start({ socket: world.bridge.socket, ...pass });
    const { link, hello } = await ears.opens.first();
    expect(hello.durable).toEqual(["m1", "m0"]);
    link.send({ type: "send", id: "m1", text: "one", deliver: "follow-up" });
    expect(await ears.frames.first()).toEqual({ type: "accepted", id: "m1" });
    expect(pi.sent).toEqual([]);
  });

  it("messages through the extension steer only while pi is busy, ahead of what waits", async () => {
    const { pi, heard, send } = await greeted();
    await pi.run("a human's");
    send("m1", "later");
    send("m2", "now", "steer");
    await expect.poll(() => pi.sent).toEqual([{ text: "now", deliverAs: "steer" }]);
    await pi.takeIn("now");
    await heard((frame) => frame.type === "accepted" && frame.id === "m2");
    await pi.answer("done");
    await expect.poll(() => pi.sent.at(-1)).toEqual({ text: "later", deliverAs: "followUp" });
  });

  it("messages that pi stranded in its queue are nudged out of it", async () => {
    const { pi, send } = await greeted();
    await pi.run("a human's");
    send("m1", "now", "steer");
    await expect.poll(() => pi.sent.length).toBe(1);
    pi.pending = 1;
    await pi.answer("done");
    await expect.poll(() => pi.nudges).toBe(1);
  });

  it("messages of a human are told as such by the extension", async () => {
    const { pi, heard } = await greeted();
    await pi.emit("input", { text: "typed", source: "interactive" });
    await pi.run("typed");
    const told = await heard((frame) => frame.type === "event" && frame.event.type === "message");
    expect(told).toMatchObject({ event: { text: "typed", origin: "interactive" } });
  });
});

describe("tools through the extension", () => {
  it("tools through the extension join pi's own, and go when they are no longer set", async () => {
    const { pi, link, heard, frames } = await greeted();
    link.send({ type: "tools", tools: [tool, { ...tool, name: "other" }] });
    await heard(({ type }) => type === "tools-active");
    expect(pi.active).toEqual(["read", "bash", "finish", "other"]);
    expect(pi.tools.get("finish")?.promptSnippet).toBe("Hand in.");
    link.send({ type: "tools", tools: [{ ...tool, name: "other" }] });
    await expect.poll(() => frames("tools-active").length).toBe(2);
    expect(pi.active).toEqual(["read", "bash", "other"]);
  });

  it("tools through the extension carry a call, its progress and its result", async () => {
    const { pi, link, heard } = await greeted();
    link.send({ type: "tools", tools: [tool] });
    await heard(({ type }) => type === "tools-active");
    const updates: unknown[] = [];
    const result = pi.tools
      .get("finish")
      ?.execute("c1", { n: 1 }, undefined, (partial) => updates.push(partial.content[0]?.text));
    expect(await heard(({ type }) => type === "call")).toMatchObject({ id: "c1", args: { n: 1 } });
    link.send({ type: "progress", id: "c1", text: "half" });
    link.send({ type: "result", id: "c1", text: "x\n".repeat(3_000), terminate: true });
    const { content, terminate } = (await result) ?? {};
    expect(updates).toEqual(["half"]);
    expect(terminate).toBe(true);
    expect(content?.[0]?.text.split("\n")).toHaveLength(2_001);
    expect(content?.[0]?.text).toContain("cut: the whole output has 6000 characters");
  });

  it("tools through the extension turn an error of the runtime into one of the tool", async () => {
    const { pi, link, heard } = await greeted();
    link.send({ type: "tools", tools: [tool] });
    await heard(({ type }) => type === "tools-active");
    const result = pi.tools.get("finish")?.execute("c1", {}, undefined, undefined);
    await heard(({ type }) => type === "call");
    link.send({ type: "result", id: "c1", error: "no such file" });
    await expect(result).rejects.toThrow("no such file");
  });

  it("tools through the extension refuse arguments that the door would not take, and keep the link", async () => {
    const { pi, link, ears, heard } = await greeted();
    link.send({ type: "tools", tools: [tool] });
    await heard(({ type }) => type === "tools-active");
    const poison = JSON.parse('{"__proto__":{"x":1}}');
    const result = pi.tools.get("finish")?.execute("c1", poison, undefined, undefined);
    await expect(result).rejects.toThrow("__proto__");
    expect(ears.closes.items).toEqual([]);
  });

  it("tools through the extension tell when the call is cancelled", async () => {
    const { pi, link, heard } = await greeted();
    link.send({ type: "tools", tools: [tool] });
    await heard(({ type }) => type === "tools-active");
    const abort = new AbortController();
    const result = pi.tools.get("finish")?.execute("c1", {}, abort.signal, undefined);
    await heard(({ type }) => type === "call");
    abort.abort();
    await expect(result).rejects.toThrow("cancelled");
    expect(await heard(({ type }) => type === "cancel")).toEqual({ type: "cancel", id: "c1" });
  });

  it("tools through the extension survive a runtime that dies and comes back: the call is made again under its id", async () => {
    const { world, pi, link, heard } = await greeted();
    link.send({ type: "tools", tools: [tool] });
    await heard(({ type }) => type === "tools-active");
    const result = pi.tools.get("finish")?.execute("c1", {}, undefined, undefined);
    await heard(({ type }) => type === "call");
    await world.bridge.close();
    await pi.emit("turn_start");
    const ears = new Ears();
    const bridge = await openBridge({ socket: join(world.directory, "b.sock") });
    opened.bridges.push(bridge);
    bridge.admit(pass, ears);
    const again = await ears.opens.first();
    expect(await ears.frames.first(({ type }) => type === "call")).toMatchObject({ id: "c1" });
    await ears.frames.first(
      (frame) => frame.type === "event" && frame.event.type === "turn-started",
    );
    again.link.send({ type: "result", id: "c1", text: "at last" } satisfies ToAgent);
    expect((await result)?.content[0]?.text).toBe("at last");
  });
});

function answered(frames: readonly FromAgent[]): readonly (readonly string[])[] {
  return frames.flatMap((frame) =>
    frame.type === "event" && frame.event.type === "idle" ? [frame.event.messageIds] : [],
  );
}
